import type { DataSet, Element } from 'dicom-parser';
import { ImageError } from './errors.js';
import { readEntries, readFirstMapped } from './lookup-table.js';
import type { PixelFormat } from './pixel-format.js';
import { expandSegments } from './segmented-palette.js';

/** Luminance in [0, 1] of each palette entry. Indices below `first` or past the end take the nearest entry. */
export interface Palette {
  readonly first: number;
  readonly luminance: Float32Array;
}

interface Table {
  readonly first: number;
  readonly entries: ArrayLike<number>;
}

const DESCRIPTORS = ['x00281101', 'x00281102', 'x00281103'] as const;
const PLAIN = ['x00281201', 'x00281202', 'x00281203'] as const;
const SEGMENTED = ['x00281221', 'x00281222', 'x00281223'] as const;

/**
 * Reads the red, green and blue lookup tables of PALETTE COLOR images, plain or segmented (PS3.3, C.7.6.3.1.5 and
 * C.7.9).
 *
 * @throws ImageError where a table is missing, short or malformed, or the three disagree
 */
export function readPalette(
  dataSet: DataSet,
  format: Pick<PixelFormat, 'signed' | 'bigEndian'>,
  name: string,
): Palette {
  const tables = DESCRIPTORS.map((_, colour) => readTable(dataSet, colour, format, name));
  const [red, green, blue] = tables;
  if (tables.some(({ entries, first }) => entries.length !== red.entries.length || first !== red.first)) {
    throw new ImageError(
      `${name}: its red, green and blue palettes (0028,1101 to 1103) differ in length or first index; export it again.`,
    );
  }
  const white = whiteOf(tables);
  const luminance = new Float32Array(red.entries.length);
  for (let i = 0; i < luminance.length; i++) {
    luminance[i] = (0.299 * red.entries[i] + 0.587 * green.entries[i] + 0.114 * blue.entries[i]) / white;
  }
  return { first: red.first, luminance };
}

/**
 * The entry that means full intensity. The descriptor's number of bits cannot be trusted alone: some writers put 16-bit
 * entries under a descriptor that says 8, and others entries up to 255 under one that says 16, which would be all but
 * black.
 */
function whiteOf(tables: readonly Table[]): number {
  let largest = 0;
  for (const { entries } of tables) for (let i = 0; i < entries.length; i++) largest = Math.max(largest, entries[i]);
  return largest > 255 ? 65535 : 255;
}

function readTable(
  dataSet: DataSet,
  colour: number,
  { signed, bigEndian }: Pick<PixelFormat, 'signed' | 'bigEndian'>,
  name: string,
): Table {
  const descriptor = DESCRIPTORS[colour];
  // Zero entries mean 65,536: the count is a 16-bit number.
  const count = dataSet.uint16(descriptor, 0) || 65536;
  const first = readFirstMapped(dataSet, descriptor, signed);
  const bits = dataSet.uint16(descriptor, 2) ?? 16;
  const littleEndian = !bigEndian;
  const plain = dataSet.elements[PLAIN[colour]];
  const segmented = dataSet.elements[SEGMENTED[colour]];
  if (!plain && !segmented) {
    throw new ImageError(
      `${name}: a PALETTE COLOR image needs its lookup tables (0028,1201 to 1203); export it again.`,
    );
  }
  const entries = plain
    ? readEntries(dataSet.byteArray, plain, { count, bits, littleEndian }).subarray(0, count)
    : expandSegments(bytesOf(dataSet, segmented), { count, bits, littleEndian }, name);
  if (entries.length < count) {
    throw new ImageError(
      `${name}: a palette has ${entries.length} of its ${count} entries; the file is truncated, export it again.`,
    );
  }
  return { first, entries };
}

function bytesOf({ byteArray }: DataSet, { dataOffset, length }: Element): Uint8Array {
  return byteArray.subarray(dataOffset, dataOffset + length);
}
