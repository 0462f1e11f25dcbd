import { type Display, shadeOf } from './dicom-display.js';
import { ImageError, UnsupportedImageError } from './errors.js';
import { luminance } from './frame.js';
import type { Palette } from './palette.js';
import type { PixelFormat } from './pixel-format.js';

/** Samples by pixel, `channels` apiece, of which R, G, B or the only one come first. */
export interface StoredPixels {
  readonly values: ArrayLike<number>;
  readonly channels: number;
}

/** Unpacks frame `index` of pixel data that are not compressed, or no longer. */
export function readStored(stored: Uint8Array, format: PixelFormat, index: number, name: string): StoredPixels {
  const { width, height, samplesPerPixel, bitsAllocated, photometric } = format;
  if (samplesPerPixel !== 1 && samplesPerPixel !== 3) {
    throw new ImageError(
      `${name}: DICOM with ${samplesPerPixel} samples per pixel is not supported, only 1 and 3; convert the file.`,
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
  const start = index * expected;
  const available = Math.max(0, Math.min(expected, stored.length - start));
  if (available < expected) {
    throw new ImageError(
      `${name}: ${width}×${height}×${samplesPerPixel} samples of ${bitsAllocated} bits are ${expected} bytes, the file has ` +
        `${available}${index === 0 ? '' : ` for frame ${index + 1}`}; it is truncated, copy or export it again.`,
    );
  }
  const sample = sampleReader(stored, start, format);
  checkPhotometric(format, name);
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
function sampleReader(stored: Uint8Array, start: number, format: PixelFormat): (i: number) => number {
  const { bitsStored, highBit, signed, bitsAllocated, swapped } = format;
  const littleEndian = !format.bigEndian;
  const shift = Math.max(0, highBit + 1 - bitsStored);
  const mask = 2 ** bitsStored - 1;
  const sign = 2 ** (bitsStored - 1);
  const view = new DataView(stored.buffer, stored.byteOffset, stored.byteLength);
  const byte = swapped ? (i: number) => view.getUint8((start + i) ^ 1) : (i: number) => view.getUint8(start + i);
  return (i) => {
    const word = bitsAllocated === 8 ? byte(i) : view.getUint16(start + 2 * i, littleEndian);
    const value = (word >> shift) & mask;
    return signed ? (value ^ sign) - sign : value;
  };
}

/**
 * Luminance in [0, 1]. Greyscale goes through `display`; without a window the whole range of the stored bits is mapped
 * linearly, so that equal stored values are equal in every file of a series.
 */
export function toLuminance(
  stored: StoredPixels,
  format: PixelFormat,
  display: Display,
  palette: Palette | undefined,
  name: string,
): Float32Array {
  const { values, channels } = stored;
  const count = format.width * format.height;
  const largest = 2 ** format.bitsStored - 1;
  if (palette) {
    const { first, luminance: table } = palette;
    const pixels = new Float32Array(count);
    for (let i = 0; i < count; i++) {
      pixels[i] = table[Math.max(0, Math.min(table.length - 1, values[i * channels] - first))];
    }
    return pixels;
  }
  checkPhotometric(format, name);
  const luma = format.photometric.startsWith('YBR');
  if (format.photometric === 'RGB' || luma) {
    if (format.signed)
      throw new ImageError(`${name}: signed ${format.photometric} samples are not supported; convert the file.`);
    if (luma) return Float32Array.from({ length: count }, (_, i) => values[i * channels] / largest);
    return luminance(values, channels, count, 1 / largest);
  }
  const shade = shadeOf(display, format);
  const inverted = format.photometric === 'MONOCHROME1';
  const pixels = new Float32Array(count);
  for (let i = 0; i < count; i++) {
    const shown = Math.max(0, Math.min(1, shade(values[i * channels])));
    pixels[i] = inverted ? 1 - shown : shown;
  }
  return pixels;
}

/**
 * Of the retired YBR_PARTIAL, and of the transformed YBR of JPEG 2000 outside it, the first component is not the luma.
 */
const READABLE = ['MONOCHROME1', 'MONOCHROME2', 'RGB', 'PALETTE COLOR', 'YBR_FULL', 'YBR_FULL_422'];

const REFUSED = ['HSV', 'ARGB', 'CMYK', 'YBR_PARTIAL_422', 'YBR_PARTIAL_420', 'YBR_ICT', 'YBR_RCT', 'XYB'];

function checkPhotometric({ photometric }: PixelFormat, name: string): void {
  if (READABLE.includes(photometric)) return;
  // Only what the standard knows is repeated: a damaged file may have a patient's name in this place.
  const label = REFUSED.includes(photometric) ? `${photometric} is` : 'that is not known is';
  throw new UnsupportedImageError(
    `${name}: photometric interpretation ${label} not supported; convert the file to MONOCHROME2 or RGB.`,
  );
}
