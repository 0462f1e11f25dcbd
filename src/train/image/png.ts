/** PNG where sharp is not: the samples as stored, 16-bit ones included, which no browser hands out. */
import { convertIndexedToRgb, type DecodedPng, decode } from 'fast-png';
import { ImageError } from './errors.js';
import type { RasterSamples } from './raster-samples.js';

/** Chunks that the picture needs. Of the others, profiles and texts could inflate to any size, or name a person. */
const NEEDED = new Set(['IHDR', 'PLTE', 'IDAT', 'IEND']);
const SIGNATURE_BYTES = 8;

/** @throws ImageError where a chunk or the pixel data are cut short, or inflate to more than the header announces */
export async function decodePng(bytes: Uint8Array, name: string): Promise<RasterSamples> {
  const chunks = readChunks(bytes, name).filter(({ type }) => NEEDED.has(type));
  await checkInflatedSize(
    chunks.filter(({ type }) => type === 'IDAT').map(({ data }) => data),
    chunks[0]?.data ?? new Uint8Array(),
    name,
  );
  const png = decode(join([bytes.subarray(0, SIGNATURE_BYTES), ...chunks.map(({ whole }) => whole)]), {
    checkCrc: true,
  });
  const { width, height } = png;
  if (png.palette) return { width, height, channels: png.palette[0].length, samples: convertIndexedToRgb(png) };
  return { width, height, channels: png.channels, samples: png.depth < 8 ? unpack(png) : png.data };
}

interface Chunk {
  readonly type: string;
  readonly data: Uint8Array;
  /** With length, type and checksum. */
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

/** Inflates the pixel data once without keeping them, so that a few bytes cannot become more than the picture. */
async function checkInflatedSize(data: readonly Uint8Array[], header: Uint8Array, name: string): Promise<void> {
  if (header.length < 13) throw new ImageError(`${name}: the PNG header is damaged; copy or export the file again.`);
  const view = new DataView(header.buffer, header.byteOffset, header.byteLength);
  const [width, height, depth] = [view.getUint32(0), view.getUint32(4), view.getUint8(8)];
  const channels = [1, 0, 3, 1, 2, 0, 4][view.getUint8(9)] ?? 4;
  // Rows of whole bytes, each after one that names its filter. Interlacing splits rows into seven passes, each with its own.
  const passes = view.getUint8(12) === 0 ? 1 : 7;
  const most = height * (Math.ceil((width * depth * channels) / 8) + 2 * passes) + 64;
  const reader = new Blob(data.map((part) => Uint8Array.from(part)))
    .stream()
    .pipeThrough(new DecompressionStream('deflate'))
    .getReader();
  let inflated = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    inflated += value.length;
    if (inflated <= most) continue;
    reader.cancel().catch(() => {});
    throw new ImageError(
      `${name}: the PNG data inflate to more than the ${width}×${height} pixels of the header; the file is damaged, export it again.`,
    );
  }
}

/** Greys of 1, 2 or 4 bits, packed into bytes row by row, as bytes with white at 255. */
function unpack({ width, height, depth, data }: DecodedPng): Uint8Array {
  const samples = new Uint8Array(width * height);
  const stride = Math.ceil((width * depth) / 8);
  const largest = 2 ** depth - 1;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const bit = x * depth;
      const level = (data[y * stride + (bit >> 3)] >> (8 - depth - (bit & 7))) & largest;
      samples[y * width + x] = Math.round((level * 255) / largest);
    }
  }
  return samples;
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
