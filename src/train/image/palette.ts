import type { DataSet } from 'dicom-parser';
import { ImageError } from './errors.js';
import { readEntries } from './lookup-table.js';

/** Luminance in [0, 1] of each palette entry. Indices below `first` or past the end take the nearest entry. */
export interface Palette {
  readonly first: number;
  readonly luminance: Float32Array;
}

/** Reads the red, green and blue lookup tables of PALETTE COLOR images, plain or segmented (PS3.3, C.7.6.3.1.5). */
export function readPalette(dataSet: DataSet, littleEndian: boolean, name: string): Palette {
  const red = readTable(dataSet, ['x00281101', 'x00281201', 'x00281221'], littleEndian, name);
  const green = readTable(dataSet, ['x00281102', 'x00281202', 'x00281222'], littleEndian, name);
  const blue = readTable(dataSet, ['x00281103', 'x00281203', 'x00281223'], littleEndian, name);
  const luminance = new Float32Array(red.values.length);
  for (let i = 0; i < luminance.length; i++) {
    luminance[i] = 0.299 * red.values[i] + 0.587 * (green.values[i] ?? 0) + 0.114 * (blue.values[i] ?? 0);
  }
  return { first: red.first, luminance };
}

function readTable(
  dataSet: DataSet,
  [descriptor, plain, segmented]: readonly [string, string, string],
  littleEndian: boolean,
  name: string,
): { first: number; values: Float32Array } {
  // Zero entries mean 65,536: the count is a 16-bit number.
  const entries = dataSet.uint16(descriptor, 0) || 65536;
  const first = dataSet.uint16(descriptor, 1) ?? 0;
  const bits = dataSet.uint16(descriptor, 2) ?? 16;
  const element = dataSet.elements[plain] ?? dataSet.elements[segmented];
  if (!element) {
    throw new ImageError(
      `${name}: a PALETTE COLOR image needs its lookup tables (0028,1201 to 1203); export it again.`,
    );
  }
  // Segmented tables of 8 bits have bytes for words, and so has a count that no plain table could fall short of.
  const count = dataSet.elements[plain] ? entries : Number.POSITIVE_INFINITY;
  const words = readEntries(dataSet.byteArray, element, { count, bits, littleEndian });
  const values = dataSet.elements[plain] ? words : expand(words, entries, name);
  if (values.length < entries) {
    throw new ImageError(
      `${name}: a palette has ${values.length} of its ${entries} entries; the file is truncated, export it again.`,
    );
  }
  const scale = 1 / (bits === 8 ? 255 : 65535);
  return { first, values: Float32Array.from(values.subarray(0, entries), (value) => Math.min(1, value * scale)) };
}

/**
 * Segmented tables (PS3.3, C.7.9.2): opcode 0 copies literal entries, 1 runs straight from the last entry to a new end
 * value, 2 repeats earlier segments from a 32-bit byte offset.
 */
function expand(words: Uint16Array, entries: number, name: string): Uint16Array {
  const table = new Uint16Array(entries);
  let filled = 0;
  const damaged = () =>
    new ImageError(`${name}: a segmented palette is malformed at entry ${filled}; export the file again.`);
  const put = (value: number) => {
    if (filled >= entries) throw damaged();
    table[filled++] = value;
  };
  const run = (from: number, segments: number, nested: boolean): void => {
    let at = from;
    for (let done = 0; done < segments && at + 1 < words.length && filled < entries; done++) {
      const opcode = words[at];
      const length = words[at + 1];
      at += 2;
      if (opcode === 0) {
        if (at + length > words.length) throw damaged();
        for (let i = 0; i < length; i++) put(words[at + i]);
        at += length;
      } else if (opcode === 1) {
        if (filled === 0 || at >= words.length) throw damaged();
        const start = table[filled - 1];
        for (let i = 1; i <= length; i++) put(Math.round(start + ((words[at] - start) * i) / length));
        at += 1;
      } else if (opcode === 2 && !nested && at + 1 < words.length) {
        run((words[at] + words[at + 1] * 65536) >> 1, length, true);
        at += 2;
      } else throw damaged();
    }
  };
  run(0, Number.POSITIVE_INFINITY, false);
  return table.subarray(0, filled);
}
