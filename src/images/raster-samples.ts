/** Decoded samples of a PNG or JPEG, interleaved by pixel. */
export interface RasterSamples {
  /** After EXIF orientation. */
  readonly width: number;
  readonly height: number;
  /** 1, or 3 and more of which R, G, B come first; 2 where alpha follows grey. */
  readonly channels: number;
  /** Bytes, or 16-bit words where the file has more than 8 bits. White is the largest value of the array's type. */
  readonly samples: Uint8Array | Uint8ClampedArray | Uint16Array;
}
