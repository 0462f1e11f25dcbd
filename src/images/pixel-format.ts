/** What the Image Pixel module of a DICOM file says about its samples (PS3.3, C.7.6.3). */
export interface PixelFormat {
  readonly width: number;
  readonly height: number;
  readonly bitsAllocated: number;
  readonly bitsStored: number;
  readonly highBit: number;
  readonly signed: boolean;
  readonly samplesPerPixel: number;
  /** Planar configuration 1: all red samples, then all green, then all blue. */
  readonly byPlane: boolean;
  readonly bigEndian: boolean;
  /** Bytes that stand in big-endian words, the second first. */
  readonly swapped: boolean;
  readonly photometric: string;
}
