import { decodeSamples } from '#codecs';
import { ImageError } from './errors.js';
import { checkSize, type Frame, luminance } from './frame.js';
import type { ImageFile } from './image-file.js';
import { readRasterHeader } from './raster-header.js';

/** A PNG or JPEG file. */
export async function openRaster(bytes: Uint8Array, name: string): Promise<ImageFile> {
  const header = readRasterHeader(bytes);
  if (!header) {
    throw new ImageError(
      `${name}: the file ends, or goes wrong, before it says how large the image is; it is truncated or damaged, copy or export it again.`,
    );
  }
  checkSize(name, header.width, header.height);
  return { ...header, frameCount: 1, decode: () => decodeRaster(bytes, name) };
}

/**
 * Decodes PNG or JPEG of any bit depth to luminance in [0, 1].
 *
 * Sample values are taken as stored (no colour profile is applied, alpha is dropped), because an intensity means what
 * the ultrasound machine wrote. EXIF orientation is applied. 16-bit samples keep their 65,536 levels.
 */
export async function decodeRaster(bytes: Uint8Array, name: string): Promise<Frame> {
  const { width, height, channels, samples } = await decodeSamples(bytes, name);
  const count = width * height;
  if (samples.length !== count * channels) {
    throw new ImageError(
      `${name}: decoding gave ${samples.length} samples for ${width}×${height}×${channels}; ` +
        'the file is damaged, export it again.',
    );
  }
  const white = samples instanceof Uint16Array ? 65535 : 255;
  return { width, height, pixels: luminance(samples, channels, count, 1 / white) };
}
