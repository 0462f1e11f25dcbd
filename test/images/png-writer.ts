import { crc32, deflateSync } from 'node:zlib';
import { join } from './dicom-writer.js';

export interface PngOptions {
  readonly width: number;
  readonly height: number;
  readonly colour: number;
  readonly depth: number;
  readonly interlaced?: boolean;
  /** Of every row: 0 none, 1 left, 2 above, 3 average, 4 Paeth. */
  readonly filter?: number;
  /** Some colours, or entries of the palette, are transparent by a tRNS chunk. */
  readonly transparent?: boolean;
  /** Chunks before the pixel data. */
  readonly more?: readonly Uint8Array[];
}

/** First column and row of each pass of Adam7, and the steps between its columns and rows. */
const PASSES = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
] as const;

/** A PNG of samples that look random and are always the same. */
export function writePng(options: PngOptions): Uint8Array {
  const { width, height, colour, depth, interlaced = false, filter = 0, transparent = false, more = [] } = options;
  const channels = [1, 0, 3, 1, 2, 0, 4][colour];
  const largest = 2 ** depth - 1;
  const level = (x: number, y: number, c: number) => ((x * 40_503 + y * 7919 + c * 104_729 + 11) >> 3) & largest;
  const before = [...more];
  if (colour === 3) {
    before.push(
      chunk(
        'PLTE',
        Uint8Array.from({ length: 3 * 2 ** depth }, (_, i) => (i * 97 + 13) & 255),
      ),
    );
  }
  if (transparent && colour === 3) before.push(chunk('tRNS', Uint8Array.of(0, 128)));
  else if (transparent) {
    const words = Array.from({ length: channels }, (_, c) => level(0, 0, c));
    before.push(chunk('tRNS', Uint8Array.from(words.flatMap((word) => [word >> 8, word & 255]))));
  }
  const passes = interlaced ? PASSES : ([[0, 0, 1, 1]] as const);
  const rows: Uint8Array[] = [];
  for (const [left, top, xStep, yStep] of passes) {
    let above: Uint8Array | undefined;
    for (let y = top; y < height && left < width; y += yStep) {
      const row: number[] = [];
      let bits = 0;
      for (let x = left; x < width; x += xStep) {
        for (let c = 0; c < channels; c++) {
          const value = level(x, y, c);
          if (depth === 16) row.push(value >> 8, value & 255);
          else if (depth === 8) row.push(value);
          else {
            if (bits % 8 === 0) row.push(0);
            row[row.length - 1] |= value << (8 - depth - (bits % 8));
            bits += depth;
          }
        }
      }
      const raw = Uint8Array.from(row);
      rows.push(Uint8Array.of(filter), filtered(raw, above, filter, Math.max(1, (depth * channels) >> 3)));
      above = raw;
    }
  }
  return png(width, height, depth, colour, join(rows), before, interlaced);
}

function filtered(row: Uint8Array, above: Uint8Array | undefined, filter: number, pixel: number): Uint8Array {
  return row.map((value, i) => {
    const [a, b, c] = [row[i - pixel] ?? 0, above?.[i] ?? 0, i >= pixel ? (above?.[i - pixel] ?? 0) : 0];
    const p = a + b - c;
    const distances = [Math.abs(p - a), Math.abs(p - b), Math.abs(p - c)];
    const paeth = [a, b, c][distances.indexOf(Math.min(...distances))];
    return value - [0, a, b, (a + b) >> 1, paeth][filter];
  });
}

/** A PNG of pixel data as they are, each row behind the byte of its filter. */
export function png(
  width: number,
  height: number,
  depth: number,
  colour: number,
  rows: Uint8Array,
  more: readonly Uint8Array[] = [],
  interlaced = false,
): Uint8Array {
  const header = new Uint8Array(13);
  const view = new DataView(header.buffer);
  view.setUint32(0, width);
  view.setUint32(4, height);
  header.set([depth, colour, 0, 0, interlaced ? 1 : 0], 8);
  const signature = Uint8Array.from([0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10]);
  const parts = [chunk('IHDR', header), ...more, chunk('IDAT', deflateSync(rows)), chunk('IEND', new Uint8Array())];
  return join([signature, ...parts]);
}

export function chunk(type: string, data: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(12 + data.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, data.length);
  bytes.set(new TextEncoder().encode(type), 4);
  bytes.set(data, 8);
  view.setUint32(8 + data.length, crc32(bytes.subarray(4, 8 + data.length)));
  return bytes;
}

/** A chunk of EXIF data that say nothing but the orientation. */
export function exif(orientation: number): Uint8Array {
  return chunk('eXIf', tiffOrientation(orientation));
}

/** A TIFF directory of one entry, big endian. */
export function tiffOrientation(orientation: number): Uint8Array {
  const header = [0x4d, 0x4d, 0, 42, 0, 0, 0, 8];
  const entry = [0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0];
  return Uint8Array.from([...header, 0, 1, ...entry, 0, 0, 0, 0]);
}
