import { openDicom } from './dicom.js';
import { ImageError, UnsupportedImageError } from './errors.js';
import type { Frame } from './frame.js';
import type { FileBeside, ImageFile } from './image-file.js';
import { openMetaImage } from './metaimage.js';
import { openRaster } from './raster.js';

export type ImageFormat = 'PNG' | 'JPEG' | 'DICOM' | 'MetaImage';

interface Format {
  readonly label: ImageFormat;
  /** What files of this format are usually called, lower case. */
  readonly extensions: readonly string[];
  readonly offset: number;
  readonly magic: readonly number[];
  readonly open: (bytes: Uint8Array, name: string, beside?: FileBeside) => Promise<ImageFile>;
}

const ascii = (text: string) => [...new TextEncoder().encode(text)];

const FORMATS: readonly Format[] = [
  { label: 'PNG', extensions: ['.png'], offset: 0, magic: [0x89, ...ascii('PNG\r\n\x1a\n')], open: openRaster },
  {
    label: 'JPEG',
    extensions: ['.jpg', '.jpeg', '.jpe', '.jfif'],
    offset: 0,
    magic: [0xff, 0xd8, 0xff],
    open: openRaster,
  },
  // After the 128-byte preamble (PS3.10, 7.1). Files from machines often have no extension.
  {
    label: 'DICOM',
    extensions: ['.dcm', '.dicom', '.ima', ''],
    offset: 128,
    magic: ascii('DICM'),
    open: openDicom,
  },
  // A text header, whose first line is "ObjectType = Image".
  { label: 'MetaImage', extensions: ['.mha', '.mhd'], offset: 0, magic: ascii('ObjectType'), open: openMetaImage },
];

/** The format that the first bytes of a file show, whatever it is called; undefined where it is none that is read. */
export function imageFormat(bytes: Uint8Array): ImageFormat | undefined {
  return formatOf(bytes)?.label;
}

/** Whether files of this format are called so: `.jpg` for JPEG, and nothing at all for DICOM too. */
export function isUsualExtension(format: ImageFormat, extension: string): boolean {
  return FORMATS.some(({ label, extensions }) => label === format && extensions.includes(extension.toLowerCase()));
}

function formatOf(bytes: Uint8Array): Format | undefined {
  return FORMATS.find(({ offset, magic }) => magic.every((byte, i) => bytes[offset + i] === byte));
}

/**
 * Reads the header of an image file: PNG, JPEG, DICOM or MetaImage (.mha, .mhd), told apart by the bytes and never by
 * the name (the public data have PNG files named `.jpg`). `bytes` must stay as they are while frames are decoded from
 * them.
 *
 * @param name stands in error messages
 * @param beside reads the file of a MetaImage's samples; without it, a header alone is refused
 * @throws ImageError, one sentence that starts with `name`
 */
export async function openImage(bytes: Uint8Array, name: string, beside?: FileBeside): Promise<ImageFile> {
  if (bytes.length === 0) throw new ImageError(`${name}: the file is empty; copy or export it again.`);
  const format = formatOf(bytes);
  if (!format) {
    const start = Array.from(bytes.subarray(0, 8), (byte) => byte.toString(16).padStart(2, '0')).join(' ');
    throw new UnsupportedImageError(
      `${name}: the file is not PNG, JPEG, DICOM or MetaImage (its ${bytes.length} bytes start with ${start}); convert it to one of these.`,
    );
  }
  const explained = async <T>(body: () => Promise<T>): Promise<T> => {
    try {
      return await body();
    } catch (error) {
      if (error instanceof ImageError) throw error;
      throw new ImageError(
        `${name}: the file starts as ${format.label} and cannot be read to its end (${reason(error)}); it is truncated or ` +
          'damaged, copy or export it again.',
        { cause: error },
      );
    }
  };
  const file = await explained(() => format.open(bytes, name, beside));
  return {
    ...file,
    decode: async (index = 0) => {
      if (!Number.isInteger(index) || index < 0 || index >= file.frameCount) {
        throw new ImageError(
          `${name}: there is no frame ${index + 1}, the file has ${file.frameCount}; choose one of these.`,
        );
      }
      return explained(() => file.decode(index));
    },
  };
}

/**
 * Reads the first frame of an image file.
 *
 * @returns luminance in [0, 1]
 * @throws ImageError, as `openImage` and `ImageFile.decode`
 */
export async function decodeFrame(bytes: Uint8Array, name: string, beside?: FileBeside): Promise<Frame> {
  return (await openImage(bytes, name, beside)).decode();
}

/** The first line of what a codec threw; some throw strings or records instead of errors. */
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
