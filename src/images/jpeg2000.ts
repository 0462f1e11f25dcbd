import { readWasm } from '#codecs';
import { ImageError } from './errors.js';
import { checkSize } from './frame.js';

/** Decoded samples, interleaved by pixel. */
export interface Samples {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  readonly bits: number;
  readonly signed: boolean;
  readonly values: Uint8Array | Int8Array | Uint16Array | Int16Array;
}

/**
 * Decodes a JPEG 2000 codestream (colour transform undone) with OpenJPEG.
 *
 * Each call has its own instance of the module: a damaged stream can leave one broken, and OpenJPEG reports errors only
 * by printing them, which is how they are collected here.
 */
export async function decodeJpeg2000(bytes: Uint8Array, name: string): Promise<Samples> {
  const { width, height } = readSize(bytes, name);
  checkSize(name, width, height);
  const complaints: string[] = [];
  const collect = (line: string) => void complaints.push(line);
  // Loaded when the first such stream comes: few visitors of a page bring one.
  const { default: openCodec } = await import('@cornerstonejs/codec-openjpeg/decodewasmjs');
  const codec = await openCodec({ wasmBinary: await readWasm('openjpeg'), print: collect, printErr: collect });
  const decoder = new codec.J2KDecoder();
  try {
    decoder.getEncodedBuffer(bytes.length).set(bytes);
    decoder.decode();
    const info = decoder.getFrameInfo();
    const wide = info.bitsPerSample > 8;
    // The buffer is a view of memory that is given back below, so it is copied.
    const data = decoder.getDecodedBuffer().slice();
    const count = info.width * info.height * info.componentCount;
    if (info.width !== width || info.height !== height || data.byteLength !== count * (wide ? 2 : 1)) {
      throw new ImageError(
        `${name}: the JPEG 2000 stream of ${width}×${height} pixels does not decode` +
          `${complaints.length > 0 ? ` (${complaints[0].trim()})` : ''}; it is truncated or damaged, export the file again.`,
      );
    }
    const View = wide ? (info.isSigned ? Int16Array : Uint16Array) : info.isSigned ? Int8Array : Uint8Array;
    const values = new View(data.buffer, 0, count);
    return { width, height, channels: info.componentCount, bits: info.bitsPerSample, signed: info.isSigned, values };
  } finally {
    decoder.delete();
  }
}

/** Width and height from the SIZ marker segment, which follows the start of the codestream (ISO/IEC 15444-1, A.5.1). */
function readSize(bytes: Uint8Array, name: string): { width: number; height: number } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  // A JP2 wrapper (not allowed in DICOM, but met) puts boxes before the codestream.
  const limit = Math.min(bytes.length - 24, 4096);
  for (let at = 0; at <= limit; at++) {
    if (view.getUint32(at) !== 0xff4fff51) continue;
    return {
      width: view.getUint32(at + 8) - view.getUint32(at + 16),
      height: view.getUint32(at + 12) - view.getUint32(at + 20),
    };
  }
  throw new ImageError(`${name}: there is no JPEG 2000 codestream in its pixel data; export the file again.`);
}
