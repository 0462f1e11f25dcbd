/** PNG where sharp is not: the samples as stored, 16-bit ones included, which no browser hands out. */
import { type DecodedPng, decode } from 'fast-png';
import { zlibSync } from 'fflate';
import { ImageError } from './errors.js';
import { orient, readOrientation } from './orientation.js';
import type { RasterSamples } from './raster-samples.js';

/** Chunks that the picture needs. Of the others, profiles and texts could inflate to any size, or name a person. */
const NEEDED = new Set(['IHDR', 'PLTE', 'IDAT', 'IEND']);
const SIGNATURE_BYTES = 8;

/**
 * Decodes a PNG as sharp does in Node: alpha and transparent colours dropped, no colour profile, EXIF orientation
 * applied.
 *
 * @throws ImageError where a chunk or the pixel data are cut short, or inflate to more than the header announces
 */
export async function decodePng(bytes: Uint8Array, name: string): Promise<RasterSamples> {
  const chunks = readChunks(bytes, name);
  const needed = chunks.filter(({ type }) => NEEDED.has(type));
  const header = readHeader(needed[0]?.data ?? new Uint8Array(), name);
  const inflated = await inflate(needed, header, name);
  const decoded =
    header.interlaced && header.depth < 8
      ? decodePasses(inflated, header, needed)
      : unpack(decode(join([SIGNATURE, ...needed.map(({ whole }) => whole)]), { checkCrc: true }));
  const exif = chunks.find(({ type }) => type === 'eXIf');
  return orient(decoded, exif ? readOrientation(exif.data) : 1);
}

interface Chunk {
  readonly type: string;
  readonly data: Uint8Array;
  /** Bytes of a chunk's length, type and checksum. */
  readonly whole: Uint8Array;
}

function readChunks(bytes: Uint8Array, name: string): Chunk[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const chunks: Chunk[] = [];
  for (let at = SIGNATURE_BYTES; chunks.at(-1)?.type !== 'IEND'; ) {
    const length = at + 12 <= bytes.length ? view.getUint32(at) : 0;
    const end = at + 12 + length;
    if (at + 12 > bytes.length || end > bytes.length) {
      throw new ImageError(`${name}: the PNG file ends early; it is truncated or damaged, copy or export it again.`);
    }
    const type = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    chunks.push({ type, data: bytes.subarray(at + 8, end - 4), whole: bytes.subarray(at, end) });
    at = end;
  }
  return chunks;
}

interface Header {
  readonly width: number;
  readonly height: number;
  readonly depth: number;
  readonly colourType: number;
  readonly interlaced: boolean;
}

function readHeader(data: Uint8Array, name: string): Header {
  if (data.length < 13) throw new ImageError(`${name}: the PNG header is damaged; copy or export the file again.`);
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  return {
    width: view.getUint32(0),
    height: view.getUint32(4),
    depth: view.getUint8(8),
    colourType: view.getUint8(9),
    interlaced: view.getUint8(12) !== 0,
  };
}

/** The pixel data, kept only where they are needed apart, and never more of them than the picture can have. */
async function inflate(
  chunks: readonly Chunk[],
  { width, height, depth, colourType, interlaced }: Header,
  name: string,
): Promise<Uint8Array> {
  const channels = [1, 0, 3, 1, 2, 0, 4][colourType] ?? 4;
  // Rows of whole bytes, each after one that names its filter. Interlacing splits rows into seven passes, each with its
  // own.
  const passes = interlaced ? 7 : 1;
  const most = height * (Math.ceil((width * depth * channels) / 8) + 2 * passes) + 64;
  const data = chunks.filter(({ type }) => type === 'IDAT').map((chunk) => Uint8Array.from(chunk.data));
  const reader = new Blob(data).stream().pipeThrough(new DecompressionStream('deflate')).getReader();
  const kept: Uint8Array[] = [];
  let inflated = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return join(kept);
    inflated += value.length;
    if (interlaced && depth < 8) kept.push(value);
    if (inflated <= most) continue;
    reader.cancel().catch(() => {});
    throw new ImageError(
      `${name}: the PNG data inflate to more than the ${width}×${height} pixels of the header; the file is damaged, export it again.`,
    );
  }
}

/** First column and row of each pass of Adam7, and the steps between its columns and rows (PNG specification, 8.2). */
const PASSES = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
] as const;

/**
 * Interlaced samples of fewer than 8 bits, which fast-png takes for whole bytes: each pass is decoded as the PNG of its
 * own that it is, and its pixels put where they belong.
 */
function decodePasses(inflated: Uint8Array, { width, height, depth, colourType }: Header, chunks: readonly Chunk[]) {
  const palette = chunks.filter(({ type }) => type === 'PLTE').map(({ whole }) => whole);
  const channels = colourType === 3 ? 3 : 1;
  const samples = new Uint8Array(width * height * channels);
  let at = 0;
  for (const [left, top, xStep, yStep] of PASSES) {
    const columns = Math.ceil((width - left) / xStep);
    const rows = Math.ceil((height - top) / yStep);
    if (columns <= 0 || rows <= 0) continue;
    const end = at + rows * (1 + Math.ceil((columns * depth) / 8));
    const header = new Uint8Array(13);
    const view = new DataView(header.buffer);
    view.setUint32(0, columns);
    view.setUint32(4, rows);
    header.set([depth, colourType], 8);
    const data = zlibSync(inflated.subarray(at, end), { level: 0 });
    const image = join([
      SIGNATURE,
      chunk('IHDR', header),
      ...palette,
      chunk('IDAT', data),
      chunk('IEND', new Uint8Array()),
    ]);
    const pass = unpack(decode(image));
    for (let y = 0; y < rows; y++) {
      for (let x = 0; x < columns; x++) {
        const to = ((top + y * yStep) * width + left + x * xStep) * channels;
        for (let c = 0; c < channels; c++) samples[to + c] = pass.samples[(y * columns + x) * channels + c];
      }
    }
    at = end;
  }
  return { width, height, channels, samples };
}

const SIGNATURE = Uint8Array.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

/** A chunk without a checksum, which is not looked at. */
function chunk(type: string, data: Uint8Array): Uint8Array {
  const whole = new Uint8Array(12 + data.length);
  new DataView(whole.buffer).setUint32(0, data.length);
  whole.set(
    [...type].map((letter) => letter.charCodeAt(0)),
    4,
  );
  whole.set(data, 8);
  return whole;
}

/** Samples by pixel: colours for indices of a palette, and greys of 1, 2 or 4 bits as bytes with white at 255. */
function unpack({ width, height, depth, channels, data, palette }: DecodedPng): RasterSamples {
  if (depth >= 8 && !palette) return { width, height, channels, samples: data };
  const count = width * height;
  const stride = Math.ceil((width * depth) / 8);
  const largest = 2 ** depth - 1;
  const samples = new Uint8Array(count * (palette ? 3 : 1));
  for (let i = 0; i < count; i++) {
    const bit = (i % width) * depth;
    const byte = data[Math.floor(i / width) * stride + (bit >> 3)];
    const level = (byte >> (8 - depth - (bit & 7))) & largest;
    // An index beyond the palette is black, as libpng has it.
    if (palette) for (let c = 0; c < 3; c++) samples[3 * i + c] = palette[level]?.[c] ?? 0;
    else samples[i] = Math.round((level * 255) / largest);
  }
  return { width, height, channels: palette ? 3 : 1, samples };
}

function join(parts: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}
