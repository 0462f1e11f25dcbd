import { ImageError, UnsupportedImageError } from './errors.js';
import { checkSize, type Frame, luminance } from './frame.js';
import type { FileBeside, ImageFile } from './image-file.js';
import { inflateRange } from './inflate.js';

/** Sample types that are read: bytes each and the value of white. */
const TYPES: Record<string, { bytes: 1 | 2; white: number }> = {
  MET_UCHAR: { bytes: 1, white: 255 },
  MET_USHORT: { bytes: 2, white: 65535 },
};

/** A header is a handful of short lines; more than this is no header. */
const HEADER_LIMIT = 16_384;

/** How the samples of a MetaImage lie behind its header. */
interface Layout {
  readonly width: number;
  readonly height: number;
  /** Samples of a pixel: 1, or 3 side by side or in three planes. */
  readonly depth: 1 | 3;
  readonly byPlane: boolean;
  readonly frames: number;
  readonly type: { readonly bytes: 1 | 2; readonly white: number };
  readonly littleEndian: boolean;
  readonly compressed: boolean;
  /** Bytes in front of the samples in a file of their own; −1 where the samples are what it ends with. */
  readonly skipped: number;
}

/**
 * A MetaImage, in one file (`.mha`) or as a header (`.mhd`) with its samples in a file beside it, plain or
 * zlib-compressed, with luminance in [0, 1]. Three slices are the planes of a colour image, which is how ultrasound
 * frames are published; the slices of any other stack are frames.
 */
export async function openMetaImage(bytes: Uint8Array, name: string, beside?: FileBeside): Promise<ImageFile> {
  const { fields, end } = readHeader(bytes, name);
  const layout = readLayout(fields, name);
  const { width, height, frames } = layout;
  const samplesFile = fields.get('ElementDataFile') ?? '';
  const stored =
    samplesFile === 'LOCAL'
      ? { samples: bytes.subarray(end), file: name }
      : { samples: await readSamples(samplesFile, layout, name, beside), file: samplesFile };
  const [x = 0, y = 0] = numbers(fields.get('ElementSpacing'));
  // One is what a writer puts that knows no spacing.
  const spacing = x > 0 && y > 0 && !(x === 1 && y === 1) ? { spacing: { x, y } } : {};
  return {
    format: 'MetaImage',
    width,
    height,
    frameCount: frames,
    decode: async (index = 0): Promise<Frame> => {
      const pixels = await decodePixels(stored, layout, index, name);
      return { width, height, pixels, ...spacing };
    },
  };
}

function readLayout(fields: ReadonlyMap<string, string>, name: string): Layout {
  const [width = 0, height = 0, stacked = 1] = numbers(fields.get('DimSize'));
  checkSize(name, width, height);
  const channels = Number(fields.get('ElementNumberOfChannels') ?? 1);
  const typeName = fields.get('ElementType') ?? 'none';
  const type = TYPES[typeName];
  if (!type || (channels !== 1 && channels !== 3)) {
    throw new UnsupportedImageError(
      `${name}: MetaImage with ${channels} channels of ${typeName} is not supported, only 1 or 3 of ${Object.keys(TYPES).join(' or ')}; convert it.`,
    );
  }
  const slices = Math.max(1, Math.floor(stacked));
  const byPlane = channels === 1 && slices === 3;
  return {
    width,
    height,
    depth: byPlane || channels === 3 ? 3 : 1,
    byPlane,
    frames: byPlane ? 1 : slices,
    type,
    littleEndian: fields.get('BinaryDataByteOrderMSB') !== 'True' && fields.get('ElementByteOrderMSB') !== 'True',
    compressed: fields.get('CompressedData') === 'True',
    skipped: Number(fields.get('HeaderSize') ?? 0),
  };
}

/** Bytes of the samples of one frame. */
function frameBytes({ width, height, depth, type }: Layout): number {
  return width * height * depth * type.bytes;
}

/** The samples from the file that a header names, which has to lie beside it. */
async function readSamples(
  file: string,
  layout: Layout,
  name: string,
  beside: FileBeside | undefined,
): Promise<Uint8Array> {
  if (file === 'LIST' || file.includes('%')) {
    throw new UnsupportedImageError(
      `${name}: its samples are spread over several files (ElementDataFile = ${file}); save it as one .mha file.`,
    );
  }
  // A header from somewhere else must not open any file of this machine.
  if (file === '' || file === '.' || file === '..' || /[/\\:]/.test(file)) {
    throw new ImageError(
      `${name}: it names “${file}” as the file of its samples, but only a file in the same folder is read; put both into one folder and correct ElementDataFile.`,
    );
  }
  if (!beside) {
    throw new ImageError(
      `${name}: its samples are in another file (${file}), which is not read here; save it as one .mha file.`,
    );
  }
  const whole = await beside(file);
  if (!whole) {
    throw new ImageError(`${name}: its samples are in ${file}, which was not given; give both files together.`);
  }
  const { skipped, compressed, frames } = layout;
  const length = frames * frameBytes(layout);
  const start = skipped === -1 && !compressed ? Math.max(0, whole.length - length) : skipped;
  if (!(Number.isInteger(start) && start >= 0 && start <= whole.length)) {
    throw new ImageError(
      `${name}: HeaderSize is ${skipped}, and ${file} has ${whole.length} bytes; the header is damaged, export the image again.`,
    );
  }
  return whole.subarray(start);
}

async function decodePixels(
  stored: { readonly samples: Uint8Array; readonly file: string },
  layout: Layout,
  index: number,
  name: string,
): Promise<Float32Array> {
  const { width, height, depth, byPlane, frames, type, littleEndian, compressed } = layout;
  const count = width * height;
  const size = frameBytes(layout);
  const [start, end] = [index * size, (index + 1) * size];
  const data = compressed
    ? await inflateRange(stored.samples, { start, end, total: frames * size }, name)
    : stored.samples.subarray(start, end);
  if (data.length < size) {
    const which = frames === 1 ? '' : ` of frame ${index + 1}`;
    const holder = stored.file === name ? 'the file' : stored.file;
    throw new ImageError(
      `${name}: ${width}×${height} pixels${which} need ${size} bytes, ${holder} has ${data.length}; it is truncated, copy it again.`,
    );
  }
  const view = new DataView(data.buffer, data.byteOffset, size);
  const sample = (i: number) => (type.bytes === 1 ? view.getUint8(i) : view.getUint16(2 * i, littleEndian));
  const samples = new Uint16Array(count * depth);
  const [pixelStep, channelStep] = byPlane ? [1, count] : [depth, 1];
  for (let i = 0; i < count; i++) {
    for (let c = 0; c < depth; c++) samples[i * depth + c] = sample(i * pixelStep + c * channelStep);
  }
  return luminance(samples, depth, count, 1 / type.white);
}

/** Lines "Key = Value" up to ElementDataFile, behind which the samples begin. */
function readHeader(bytes: Uint8Array, name: string): { fields: Map<string, string>; end: number } {
  const fields = new Map<string, string>();
  let start = 0;
  while (start < Math.min(bytes.length, HEADER_LIMIT)) {
    // The last line of a header that is a file of its own need not end.
    const newline = bytes.indexOf(10, start) < 0 ? bytes.length : bytes.indexOf(10, start);
    const line = String.fromCharCode(...bytes.subarray(start, Math.min(newline, start + 512)));
    const [key, ...value] = line.split('=');
    fields.set(key.trim(), value.join('=').trim());
    start = newline + 1;
    if (key.trim() === 'ElementDataFile') return { fields, end: start };
  }
  throw new ImageError(
    `${name}: the MetaImage header has no ElementDataFile line; the file is truncated or damaged, copy it again.`,
  );
}

function numbers(text: string | undefined): number[] {
  return (text ?? '').split(/\s+/).filter(Boolean).map(Number).filter(Number.isFinite);
}
