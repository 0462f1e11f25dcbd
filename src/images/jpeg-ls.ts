import { readWasm } from '#codecs';
import { ImageError, UnsupportedImageError } from './errors.js';
import type { JpegFrameHeader } from './raster-header.js';

/** SOF55 (ISO/IEC 14495-1, C.1.1). */
const JPEG_LS = 0xf7;

/**
 * Decodes JPEG-LS, lossless or near-lossless, with CharLS.
 *
 * Each call has its own instance of the module, which a damaged stream can leave broken.
 *
 * @param header of this stream, whose size has been checked
 * @returns samples little endian, in one byte each up to 8 bits and two beyond
 */
export async function decodeJpegLs(
  stream: Uint8Array,
  header: JpegFrameHeader,
  name: string,
): Promise<{ readonly samples: Uint8Array; readonly byPlane: boolean }> {
  const { width, height, components, precision } = header;
  if (header.marker !== JPEG_LS || (components !== 1 && components !== 3)) {
    throw new UnsupportedImageError(`${name}: only JPEG-LS of 1 or 3 components is supported; convert the file.`);
  }
  // Loaded when the first such stream comes: few visitors of a page bring one.
  const { default: openCodec } = await import('@cornerstonejs/codec-charls/decodewasmjs');
  const ignore = () => {};
  const codec = await openCodec({ wasmBinary: await readWasm('charls'), print: ignore, printErr: ignore });
  const decoder = new codec.JpegLSDecoder();
  try {
    decoder.getEncodedBuffer(stream.length).set(stream);
    decoder.decode();
    // The buffer is a view of memory that is given back below, so it is copied.
    const samples = decoder.getDecodedBuffer().slice();
    if (samples.length !== width * height * components * (precision > 8 ? 2 : 1)) {
      throw new ImageError(`${name}: its JPEG-LS stream does not decode to ${width}×${height}; export the file again.`);
    }
    const mode = decoder.getInterleaveMode();
    return { samples, byPlane: components > 1 && (typeof mode === 'number' ? mode : mode.value) === 0 };
  } finally {
    decoder.delete();
  }
}
