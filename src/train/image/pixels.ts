import { ImageError } from './errors.js';
import { luminance } from './frame.js';
import type { Palette } from './palette.js';

/** What the Image Pixel and VOI LUT modules of a DICOM file say about its samples (PS3.3, C.7.6.3 and C.11.2). */
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
  readonly photometric: string;
  readonly slope: number;
  readonly intercept: number;
  readonly windowCenter?: number | undefined;
  readonly windowWidth?: number | undefined;
  readonly windowFunction: string;
}

/** Samples by pixel, `channels` apiece, of which R, G, B or the only one come first. */
export interface StoredPixels {
  readonly values: ArrayLike<number>;
  readonly channels: number;
}

/** Unpacks frame `index` of uncompressed little-endian pixel data. */
export function readStored(stored: Uint8Array, format: PixelFormat, index: number, name: string): StoredPixels {
  const { width, height, samplesPerPixel, bitsAllocated, photometric } = format;
  if (samplesPerPixel !== 1 && samplesPerPixel !== 3) {
    throw new ImageError(
      `${name}: DICOM with ${samplesPerPixel} samples per pixel is not read, only 1 and 3; convert the file.`,
    );
  }
  // YBR_FULL_422 shares Cb and Cr between two neighbours: Y Y Cb Cr.
  const halved = photometric === 'YBR_FULL_422';
  if (halved && width % 2 === 1) {
    throw new ImageError(
      `${name}: YBR_FULL_422 needs an even width, this image has ${width} columns; export it again.`,
    );
  }
  const count = width * height;
  const total = halved ? count * 2 : count * samplesPerPixel;
  const expected = total * (bitsAllocated / 8);
  const bytes = stored.subarray(index * expected, (index + 1) * expected);
  if (bytes.length < expected) {
    throw new ImageError(
      `${name}: ${width}×${height}×${samplesPerPixel} samples of ${bitsAllocated} bits are ${expected} bytes, the file has ` +
        `${bytes.length}${index === 0 ? '' : ` for frame ${index + 1}`}; it is truncated, copy or export it again.`,
    );
  }
  const sample = sampleReader(bytes, format);
  // Luma alone is wanted from YBR images, and that is their first component.
  const channels = photometric.startsWith('YBR') ? 1 : samplesPerPixel;
  const values = format.signed ? new Int16Array(count * channels) : new Uint16Array(count * channels);
  if (halved) {
    for (let i = 0; i < count; i++) values[i] = sample((i >> 1) * 4 + (i & 1));
  } else {
    const [pixelStep, channelStep] = format.byPlane ? [1, count] : [samplesPerPixel, 1];
    for (let i = 0; i < count; i++) {
      for (let c = 0; c < channels; c++) values[i * channels + c] = sample(i * pixelStep + c * channelStep);
    }
  }
  return { values, channels };
}

/** Reads sample number i, without the bits outside the stored ones (old files keep overlays there). */
function sampleReader(bytes: Uint8Array, format: PixelFormat): (i: number) => number {
  const { bitsStored, highBit, signed, bitsAllocated } = format;
  const shift = Math.max(0, highBit + 1 - bitsStored);
  const mask = 2 ** bitsStored - 1;
  const sign = 2 ** (bitsStored - 1);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return (i) => {
    const word = bitsAllocated === 8 ? view.getUint8(i) : view.getUint16(2 * i, true);
    const value = (word >> shift) & mask;
    return signed ? (value ^ sign) - sign : value;
  };
}

/**
 * Luminance in [0, 1]. Greyscale goes through slope and intercept and then the window; without a window the whole range
 * of the stored bits is mapped linearly, so that equal stored values are equal in every file of a series.
 */
export function toLuminance(
  stored: StoredPixels,
  format: PixelFormat,
  palette: Palette | undefined,
  name: string,
): Float32Array {
  const { values, channels } = stored;
  const count = format.width * format.height;
  const largest = 2 ** format.bitsStored - 1;
  if (palette) {
    const { first, luminance: table } = palette;
    return Float32Array.from({ length: count }, (_, i) => {
      return table[Math.max(0, Math.min(table.length - 1, values[i * channels] - first))];
    });
  }
  if (format.photometric === 'RGB' || format.photometric.startsWith('YBR')) {
    if (format.signed)
      throw new ImageError(`${name}: signed ${format.photometric} samples are not read; convert the file.`);
    return luminance(values, channels, count, 1 / largest);
  }
  if (format.photometric !== 'MONOCHROME1' && format.photometric !== 'MONOCHROME2') {
    throw new ImageError(
      `${name}: photometric interpretation ${format.photometric} is not read; convert the file to MONOCHROME2 or RGB.`,
    );
  }
  const display = windowing(format);
  const inverted = format.photometric === 'MONOCHROME1';
  return Float32Array.from({ length: count }, (_, i) => {
    const shade = Math.max(0, Math.min(1, display(values[i * channels] * format.slope + format.intercept)));
    return inverted ? 1 - shade : shade;
  });
}

/** The map from modality values to [0, 1] (PS3.3, C.11.2.1.2 and C.11.2.1.3). */
function windowing(format: PixelFormat): (value: number) => number {
  const { windowCenter: center, windowWidth: width, slope, intercept, bitsStored, signed } = format;
  if (center !== undefined && width !== undefined && width >= 1) {
    if (format.windowFunction === 'SIGMOID') return (value) => 1 / (1 + Math.exp((-4 * (value - center)) / width));
    if (format.windowFunction === 'LINEAR_EXACT') return (value) => (value - center) / width + 0.5;
    // LINEAR counts whole levels, hence the halves; a width of one is a threshold.
    if (width === 1) return (value) => (value > center - 0.5 ? 1 : 0);
    return (value) => (value - (center - 0.5)) / (width - 1) + 0.5;
  }
  const lowest = signed ? -(2 ** (bitsStored - 1)) : 0;
  const ends = [lowest, lowest + 2 ** bitsStored - 1].map((value) => value * slope + intercept);
  const low = Math.min(...ends);
  const range = Math.max(...ends) - low || 1;
  return (value) => (value - low) / range;
}
