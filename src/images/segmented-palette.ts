import { ImageError } from './errors.js';

interface SegmentedTable {
  readonly count: number;
  /** Bits of an entry: 8 where opcodes, lengths and values stand one to a byte. */
  readonly bits: number;
  readonly littleEndian: boolean;
}

/**
 * Expands a segmented palette (PS3.3, C.7.9.2): opcode 0 copies literal entries, 1 runs straight from the last entry to
 * a new end value, 2 repeats earlier segments, which it names by a 32-bit offset in bytes. The number of bits is that
 * of the descriptor, unless only the other one gives a table of the right length.
 *
 * @throws ImageError where the segments are malformed or do not make `count` entries
 */
export function expandSegments(
  data: Uint8Array,
  { count, bits, littleEndian }: SegmentedTable,
  name: string,
): Uint16Array {
  for (const wide of bits > 8 ? [true, false] : [false, true]) {
    const table = expand(wide ? wordsOf(data, littleEndian) : data, wide ? 2 : 1, count);
    if (table) return table;
  }
  throw new ImageError(
    `${name}: a segmented palette is malformed or does not have its ${count} entries; export the file again.`,
  );
}

function wordsOf(data: Uint8Array, littleEndian: boolean): Uint16Array {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  return Uint16Array.from({ length: data.length >> 1 }, (_, i) => view.getUint16(2 * i, littleEndian));
}

/** The table, or undefined where these units, of so many bytes each, do not make it. */
function expand(units: ArrayLike<number>, unitBytes: 1 | 2, count: number): Uint16Array | undefined {
  const table = new Uint16Array(count);
  let filled = 0;
  const put = (value: number): boolean => {
    if (filled >= count) return false;
    table[filled++] = value;
    return true;
  };
  /** An offset of four bytes, least significant first, in units. */
  const offsetUnits = 4 / unitBytes;
  const offsetAt = (at: number): number => {
    let bytes = 0;
    for (let i = 0; i < offsetUnits; i++) bytes += units[at + i] * 2 ** (8 * unitBytes * i);
    return bytes / unitBytes;
  };
  /** Whether `segments` of them could be expanded, or as many as there are. */
  const run = (from: number, segments: number, nested: boolean): boolean => {
    let at = from;
    for (let done = 0; done < segments && at + 1 < units.length; done++) {
      const [opcode, length] = [units[at], units[at + 1]];
      at += 2;
      if (opcode === 0) {
        if (at + length > units.length) return false;
        for (let i = 0; i < length; i++) if (!put(units[at + i])) return false;
        at += length;
      } else if (opcode === 1) {
        if (filled === 0 || at >= units.length) return false;
        const [start, end] = [table[filled - 1], units[at]];
        for (let i = 1; i <= length; i++) if (!put(Math.round(start + ((end - start) * i) / length))) return false;
        at += 1;
      } else if (opcode === 2) {
        const target = nested || at + offsetUnits > units.length ? Number.NaN : offsetAt(at);
        // Only what has been expanded can be repeated.
        if (!Number.isInteger(target) || target >= at || !run(target, length, true)) return false;
        at += offsetUnits;
      } else return false;
    }
    return true;
  };
  return run(0, Number.POSITIVE_INFINITY, false) && filled === count ? table : undefined;
}
