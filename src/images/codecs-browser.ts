/** What decoding leaves to its host, in a page or worker. Its counterpart in Node is codecs-node.ts. */
import { ImageError } from './errors.js';
import { checkSize } from './frame.js';
import { decodePng } from './png.js';
import { reachesJpegEnd, readRasterHeader } from './raster-header.js';
import type { RasterSamples } from './raster-samples.js';

/** Decodes PNG or JPEG without applying a colour profile; EXIF orientation is applied. */
export async function decodeSamples(bytes: Uint8Array, name: string): Promise<RasterSamples> {
  const header = readRasterHeader(bytes);
  if (header) checkSize(name, header.width, header.height);
  return header?.format === 'PNG' ? decodePng(bytes, name) : decodeJpeg(bytes, name);
}

/** By the browser, whose JPEG codec is the same library as in Node. */
async function decodeJpeg(bytes: Uint8Array, name: string): Promise<RasterSamples> {
  // Browsers show what there is of a picture that ends early.
  if (!reachesJpegEnd(bytes)) {
    throw new ImageError(`${name}: the JPEG stream ends early; it is truncated or damaged, copy or export it again.`);
  }
  const picture = new Blob([Uint8Array.from(bytes)], { type: 'image/jpeg' });
  const bitmap = await createImageBitmap(picture, {
    colorSpaceConversion: 'none',
    premultiplyAlpha: 'none',
    imageOrientation: 'from-image',
  });
  const { width, height } = bitmap;
  const context = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true });
  if (!context)
    throw new ImageError(`${name}: the browser has no room for ${width}×${height} pixels; reduce the image.`);
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  return { width, height, channels: 4, samples: context.getImageData(0, 0, width, height).data };
}

/** The WebAssembly of a codec, which the build puts beside this module. */
export async function readWasm(codec: 'openjpeg' | 'charls'): Promise<Uint8Array> {
  // Whole literals, by which bundlers find the files.
  const url =
    codec === 'openjpeg' ? new URL('./openjpeg.wasm', import.meta.url) : new URL('./charls.wasm', import.meta.url);
  const response = await fetch(url);
  if (!response.ok) {
    const label = codec === 'openjpeg' ? 'JPEG 2000' : 'JPEG-LS';
    throw new ImageError(`The ${label} codec could not be fetched (status ${response.status}); reload the page.`);
  }
  return new Uint8Array(await response.arrayBuffer());
}
