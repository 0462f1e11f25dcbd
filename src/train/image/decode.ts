import { decodeDicom } from './dicom.js';
import { ImageError } from './errors.js';
import type { Frame } from './frame.js';
import { decodeMetaImage } from './metaimage.js';
import { decodeRaster } from './raster.js';

interface Format {
  readonly label: string;
  readonly offset: number;
  readonly magic: readonly number[];
  readonly decode: (bytes: Uint8Array, name: string) => Promise<Frame>;
}

const FORMATS: readonly Format[] = [
  { label: 'PNG', offset: 0, magic: [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a], decode: decodeRaster },
  { label: 'JPEG', offset: 0, magic: [0xff, 0xd8, 0xff], decode: decodeRaster },
  // "DICM" after the 128-byte preamble (PS3.10, 7.1).
  { label: 'DICOM', offset: 128, magic: [0x44, 0x49, 0x43, 0x4d], decode: decodeDicom },
  // A text header, whose first line is "ObjectType = Image".
  { label: 'MetaImage', offset: 0, magic: [...new TextEncoder().encode('ObjectType')], decode: decodeMetaImage },
];

/**
 * Reads an image file: PNG, JPEG, DICOM or MetaImage (.mha), told apart by the bytes and never by the name (the public data have PNG
 * files named `.jpg`).
 *
 * @param name stands in error messages
 * @returns luminance in [0, 1]; the first frame of a multi-frame DICOM
 * @throws ImageError, one sentence that starts with `name`
 */
export async function decodeFrame(bytes: Uint8Array, name: string): Promise<Frame> {
  if (bytes.length === 0) throw new ImageError(`${name}: the file is empty; copy or export it again.`);
  const format = FORMATS.find(({ offset, magic }) => magic.every((byte, i) => bytes[offset + i] === byte));
  if (!format) {
    const start = Array.from(bytes.subarray(0, 8), (byte) => byte.toString(16).padStart(2, '0')).join(' ');
    throw new ImageError(
      `${name}: the file is not PNG, JPEG, DICOM or MetaImage (its ${bytes.length} bytes start with ${start}); convert it to one of these.`,
    );
  }
  try {
    return await format.decode(bytes, name);
  } catch (error) {
    if (error instanceof ImageError) throw error;
    throw new ImageError(
      `${name}: the file starts as ${format.label} and cannot be read to its end (${reason(error)}); it is truncated or ` +
        'damaged, copy or export it again.',
      { cause: error },
    );
  }
}

/** The first line of what a decoder threw; some throw strings or records instead of errors. */
function reason(error: unknown): string {
  const message =
    typeof error === 'object' && error !== null && 'message' in error
      ? error.message
      : typeof error === 'object' && error !== null && 'exception' in error
        ? error.exception
        : error;
  return String(message)
    .split('\n', 1)[0]
    .trim()
    .replace(/[.;]+$/, '');
}
