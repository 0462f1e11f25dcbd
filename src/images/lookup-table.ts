import type { DataSet, Element } from 'dicom-parser';
import { ImageError } from './errors.js';

/** A table from values to values. Those below `first` or past the end take the nearest entry. */
export interface LookupTable {
  readonly first: number;
  /** Entries reach from 0 to 2^bits − 1. */
  readonly bits: number;
  readonly entries: Uint16Array;
}

/**
 * The table of the first item of a sequence of modality or VOI tables (PS3.3, C.11.1 and C.11.2); undefined without
 * one.
 */
export function readFirstTable(
  dataSet: DataSet,
  sequence: string,
  { signed, littleEndian }: { readonly signed: boolean; readonly littleEndian: boolean },
  name: string,
): LookupTable | undefined {
  const item = dataSet.elements[sequence]?.items?.[0]?.dataSet;
  const element = item?.elements.x00283006;
  if (!item || !element) return undefined;
  const count = item.uint16('x00283002', 0) || 65536;
  const first = readFirstMapped(item, 'x00283002', signed);
  const bits = Math.min(16, Math.max(1, item.uint16('x00283002', 2) ?? 16));
  const entries = readEntries(item.byteArray, element, { count, bits, littleEndian });
  if (entries.length < count) {
    throw new ImageError(
      `${name}: a lookup table has ${entries.length} of its ${count} entries; the file is truncated, export it again.`,
    );
  }
  return { first, bits, entries: entries.subarray(0, count) };
}

/**
 * The first value that a table maps, the second of its descriptor. Its VR tells whether it has a sign; where a file has
 * no VRs, `signed` does.
 */
export function readFirstMapped(dataSet: DataSet, descriptor: string, signed: boolean): number {
  const { vr } = dataSet.elements[descriptor] ?? {};
  const hasSign = vr === 'SS' || (vr !== 'US' && signed);
  return (hasSign ? dataSet.int16(descriptor, 1) : dataSet.uint16(descriptor, 1)) ?? 0;
}

/** Entries in 16-bit words; those of 8 bits may also stand one to a byte. */
export function readEntries(
  file: Uint8Array,
  { dataOffset, length }: Element,
  { count, bits, littleEndian }: { readonly count: number; readonly bits: number; readonly littleEndian: boolean },
): Uint16Array {
  const bytes = file.subarray(dataOffset, dataOffset + length);
  if (bits <= 8 && bytes.length < count * 2) return Uint16Array.from(bytes);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Uint16Array.from({ length: bytes.length >> 1 }, (_, i) => view.getUint16(2 * i, littleEndian));
}

/** The entry for a value. */
export function lookUp({ first, entries }: LookupTable, value: number): number {
  return entries[Math.max(0, Math.min(entries.length - 1, Math.round(value) - first))];
}
