import type { GreyFrame, Region } from '../model/fit-frame.js';
import { ImageError, ImageTooLargeError } from './errors.js';

export type { Region };

/** One greyscale image, with what its file says of it. */
export interface Frame extends GreyFrame {
  /** Millimetres per pixel, where the file says. */
  readonly spacing?: { readonly x: number; readonly y: number };
  /**
   * Height of a pixel divided by its width, where the file gives no millimetres and says that pixels are not square.
   */
  readonly pixelAspectRatio?: number;
  /** The part that shows tissue, where an ultrasound machine says so and it is not the whole. */
  readonly region?: Region;
}

/** Larger images are refused before any pixel is decoded: no ultrasound machine writes them. */
const PIXEL_LIMIT = 100_000_000;

/** Throws unless width×height is a size worth allocating memory for. */
export function checkSize(name: string, width: number, height: number): void {
  if (!(width >= 1 && height >= 1)) {
    throw new ImageError(`${name}: the image is ${width}×${height} pixels; a frame has at least one pixel each way.`);
  }
  if (width * height > PIXEL_LIMIT) {
    throw new ImageTooLargeError(
      `${name}: ${width}×${height} is ${Math.round((width * height) / 1e6)} megapixels, more than the ` +
        `${PIXEL_LIMIT / 1e6} that a frame may have; crop or reduce the image.`,
      { width, height },
    );
  }
}

/**
 * Luma of Rec. 601, the same weights as the Y of JPEG and of DICOM's YBR_FULL, on interleaved samples as stored.
 * `samples` holds `channels` (1, or 3 and more, of which R, G, B are the first) values per pixel; `scale` maps the
 * largest of them to 1.
 */
export function luminance(samples: ArrayLike<number>, channels: number, count: number, scale: number): Float32Array {
  const pixels = new Float32Array(count);
  if (channels < 3) {
    for (let i = 0; i < count; i++) pixels[i] = samples[i * channels] * scale;
  } else {
    for (let i = 0, at = 0; i < count; i++, at += channels) {
      pixels[i] = (0.299 * samples[at] + 0.587 * samples[at + 1] + 0.114 * samples[at + 2]) * scale;
    }
  }
  return pixels;
}
