/** What decoding leaves to its host, in Node. Its counterpart in a browser is codecs-browser.ts. */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import sharp from 'sharp';
import { checkSize } from './frame.js';
import type { RasterSamples } from './raster-samples.js';

/** Decodes PNG or JPEG without applying a colour profile; EXIF orientation is applied. */
export async function decodeSamples(bytes: Uint8Array, name: string): Promise<RasterSamples> {
  // The pixel limit is checked here, with a sentence of our own, so libvips need not check it again.
  const image = sharp(bytes, { ignoreIcc: true, autoOrient: true, failOn: 'truncated', limitInputPixels: false });
  const { width, height, depth, space, hasAlpha } = await image.metadata();
  checkSize(name, width, height);
  if (hasAlpha) image.removeAlpha();
  const wide = depth === 'ushort';
  image.toColourspace(wide ? (space === 'grey16' ? 'grey16' : 'rgb16') : space === 'b-w' ? 'b-w' : 'srgb');
  image.raw({ depth: wide ? 'ushort' : 'uchar' });
  const { data, info } = await image.toBuffer({ resolveWithObject: true });
  const samples = wide ? new Uint16Array(data.buffer, data.byteOffset, data.byteLength / 2) : data;
  return { width: info.width, height: info.height, channels: info.channels, samples };
}

/** The WebAssembly of a codec. */
export function readWasm(codec: 'openjpeg' | 'charls'): Promise<Uint8Array> {
  return readFile(createRequire(import.meta.url).resolve(`@cornerstonejs/codec-${codec}/decodewasm`));
}
