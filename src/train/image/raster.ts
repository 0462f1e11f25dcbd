import sharp from 'sharp';
import { ImageError } from './errors.js';
import { checkSize, type Frame, luminance } from './frame.js';

/**
 * Decodes PNG or JPEG of any bit depth to luminance in [0, 1].
 *
 * Sample values are taken as stored (no colour profile is applied, alpha is dropped), because an intensity means what
 * the ultrasound machine wrote. EXIF orientation is applied. 16-bit samples keep their 65,536 levels.
 */
export async function decodeRaster(bytes: Uint8Array, name: string): Promise<Frame> {
  // The pixel limit is checked here, with a sentence of our own, so libvips need not check it again.
  const image = sharp(bytes, { ignoreIcc: true, autoOrient: true, failOn: 'truncated', limitInputPixels: false });
  const { width, height, depth, space, hasAlpha } = await image.metadata();
  checkSize(name, width, height);
  if (hasAlpha) image.removeAlpha();
  const wide = depth === 'ushort';
  image.toColourspace(wide ? (space === 'grey16' ? 'grey16' : 'rgb16') : space === 'b-w' ? 'b-w' : 'srgb');
  image.raw({ depth: wide ? 'ushort' : 'uchar' });
  const { data, info } = await image.toBuffer({ resolveWithObject: true });
  const count = info.width * info.height;
  const samples = wide ? new Uint16Array(data.buffer, data.byteOffset, data.byteLength / 2) : data;
  if (samples.length !== count * info.channels) {
    throw new ImageError(
      `${name}: decoding gave ${samples.length} samples for ${info.width}×${info.height}×${info.channels}; ` +
        'the file is damaged, export it again.',
    );
  }
  const pixels = luminance(samples, info.channels, count, 1 / (wide ? 65535 : 255));
  return { width: info.width, height: info.height, pixels };
}
