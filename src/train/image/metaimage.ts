import { inflateSync } from 'node:zlib';
import { ImageError } from './errors.js';
import { checkSize, type Frame, luminance } from './frame.js';

/** Sample types that are read: bytes each and the value of white. */
const TYPES: Record<string, { bytes: 1 | 2; white: number }> = {
  MET_UCHAR: { bytes: 1, white: 255 },
  MET_USHORT: { bytes: 2, white: 65535 },
};

/** A header is a handful of short lines; more than this is no header. */
const HEADER_LIMIT = 16_384;

/**
 * Decodes a MetaImage in one file (`.mha`), plain or zlib-compressed, to luminance in [0, 1]. Three slices are the
 * planes of a colour image, which is how ultrasound frames are published; of any other stack the first slice is read.
 */
export async function decodeMetaImage(bytes: Uint8Array, name: string): Promise<Frame> {
  const { fields, end } = readHeader(bytes, name);
  const [width = 0, height = 0, slices = 1] = numbers(fields.get('DimSize'));
  checkSize(name, width, height);
  const channels = Number(fields.get('ElementNumberOfChannels') ?? 1);
  const typeName = fields.get('ElementType') ?? 'none';
  const type = TYPES[typeName];
  if (!type || (channels !== 1 && channels !== 3)) {
    throw new ImageError(
      `${name}: MetaImage with ${channels} channels of ${typeName} is not read, only 1 or 3 of ${Object.keys(TYPES).join(' or ')}; convert it.`,
    );
  }
  const planes = channels === 1 && slices === 3 ? 3 : 1;
  const count = width * height;
  const needed = count * channels * planes * type.bytes;
  const rest = bytes.subarray(end);
  // A stack of many slices is decompressed only as far as the size in the header goes.
  const data =
    fields.get('CompressedData') === 'True'
      ? inflateSync(rest, { maxOutputLength: Math.max(1, count * channels * Math.max(1, slices) * type.bytes) })
      : rest;
  if (data.length < needed) {
    throw new ImageError(
      `${name}: ${width}×${height} pixels need ${needed} bytes, the file has ${data.length}; it is truncated, copy it again.`,
    );
  }
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const little = fields.get('BinaryDataByteOrderMSB') !== 'True' && fields.get('ElementByteOrderMSB') !== 'True';
  const sample = (i: number) => (type.bytes === 1 ? view.getUint8(i) : view.getUint16(2 * i, little));
  const depth = channels * planes;
  const samples = new Uint16Array(count * depth);
  const [pixelStep, channelStep] = planes === 3 ? [1, count] : [channels, 1];
  for (let i = 0; i < count; i++) {
    for (let c = 0; c < depth; c++) samples[i * depth + c] = sample(i * pixelStep + c * channelStep);
  }
  const pixels = luminance(samples, depth, count, 1 / type.white);
  const [x = 0, y = 0] = numbers(fields.get('ElementSpacing'));
  // One is what a writer puts that knows no spacing.
  const known = x > 0 && y > 0 && !(x === 1 && y === 1);
  return { width, height, pixels, ...(known ? { spacing: { x, y } } : {}) };
}

/** Lines "Key = Value" up to ElementDataFile, behind which the samples begin. */
function readHeader(bytes: Uint8Array, name: string): { fields: Map<string, string>; end: number } {
  const fields = new Map<string, string>();
  let start = 0;
  while (start < Math.min(bytes.length, HEADER_LIMIT)) {
    const newline = bytes.indexOf(10, start);
    if (newline < 0) break;
    const line = String.fromCharCode(...bytes.subarray(start, Math.min(newline, start + 512)));
    const [key, ...value] = line.split('=');
    fields.set(key.trim(), value.join('=').trim());
    start = newline + 1;
    if (key.trim() !== 'ElementDataFile') continue;
    if (fields.get('ElementDataFile') === 'LOCAL') return { fields, end: start };
    throw new ImageError(
      `${name}: its samples are in another file (${fields.get('ElementDataFile')}); save it as one .mha file.`,
    );
  }
  throw new ImageError(
    `${name}: the MetaImage header has no ElementDataFile line; the file is truncated or damaged, copy it again.`,
  );
}

function numbers(text: string | undefined): number[] {
  return (text ?? '').split(/\s+/).filter(Boolean).map(Number).filter(Number.isFinite);
}
