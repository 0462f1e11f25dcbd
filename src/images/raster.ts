import { decodeSamples } from '#codecs';
import { ImageError, UnsupportedImageError } from './errors.js';
import { checkSize, type Frame, luminance } from './frame.js';
import type { ImageFile } from './image-file.js';
import { readJpegHeader, readRasterHeader } from './raster-header.js';

/** A PNG or JPEG file. */
export async function openRaster(bytes: Uint8Array, name: string): Promise<ImageFile> {
  const header = readRasterHeader(bytes);
  if (!header) {
    throw new ImageError(
      `${name}: the file ends or is invalid before it gives the size of the image; it is truncated or damaged, copy or export it again.`,
    );
  }
  checkSize(name, header.width, header.height);
  if (header.format === 'JPEG') refuseUnusualJpeg(bytes, name);
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

/** Baseline, extended and progressive: the processes that every codec has (ISO/IEC 10918-1, table B.1). */
const PROCESSES = [0xc0, 0xc1, 0xc2];

/** What codecs of different hosts would read differently, or not at all. */
function refuseUnusualJpeg(bytes: Uint8Array, name: string): void {
  const { marker, precision, components } = readJpegHeader(bytes) ?? { marker: 0, precision: 0, components: 0 };
  const found = !PROCESSES.includes(marker)
    ? 'lossless, hierarchical or arithmetic coding'
    : precision !== 8
      ? `${precision} bits`
      : components !== 1 && components !== 3
        ? `${components} components, as for print,`
        : undefined;
  if (found === undefined) return;
  throw new UnsupportedImageError(
    `${name}: JPEG with ${found} is not supported, only greyscale and colour of 8 bits; save it as PNG.`,
  );
}
