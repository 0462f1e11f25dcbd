import { deflateRawSync } from 'node:zlib';

/** Writes small DICOM files for tests, elements given as [tag, VR, value]; values in bytes are written as they are. */
export type DicomValue = string | number | Uint8Array;
export type DicomElement = readonly [tag: number, vr: string, value: DicomValue];

export interface DicomOptions {
  readonly transferSyntax?: string;
  readonly elements: readonly DicomElement[];
  /** Encapsulated fragments; without them, pixel data are the element 7FE0,0010 among `elements`. */
  readonly fragments?: readonly Uint8Array[];
  readonly offsets?: readonly number[];
}

export const IMPLICIT = '1.2.840.10008.1.2';
export const EXPLICIT = '1.2.840.10008.1.2.1';
export const DEFLATED = '1.2.840.10008.1.2.1.99';
export const BIG_ENDIAN = '1.2.840.10008.1.2.2';
export const RLE = '1.2.840.10008.1.2.5';

export function writeDicom(options: DicomOptions): Uint8Array {
  const syntax = options.transferSyntax ?? EXPLICIT;
  const style = { implicit: syntax === IMPLICIT, bigEndian: syntax === BIG_ENDIAN };
  const meta = element(0x00020010, 'UI', syntax);
  const written = join(
    [...options.elements].sort(([a], [b]) => a - b).map(([tag, vr, value]) => element(tag, vr, value, style)),
  );
  const parts = [
    new Uint8Array(128),
    ascii('DICM'),
    element(0x00020000, 'UL', meta.length),
    meta,
    syntax === DEFLATED ? deflateRawSync(written) : written,
  ];
  if (options.fragments) {
    const table = new Uint8Array(4 * (options.offsets?.length ?? 0));
    options.offsets?.forEach((offset, i) => {
      new DataView(table.buffer).setUint32(4 * i, offset, true);
    });
    parts.push(words([0x7fe0, 0x0010]), ascii('OB'), words([0, 0xffff, 0xffff]));
    for (const fragment of [table, ...options.fragments]) {
      const padded = new Uint8Array(fragment.length + (fragment.length % 2));
      padded.set(fragment);
      parts.push(words([0xfffe, 0xe000]), long(padded.length), padded);
    }
    parts.push(words([0xfffe, 0xe0dd]), long(0));
  }
  return join(parts);
}

/** The elements of an image of `width`×`height` with everything else at its most usual. */
export function imageElements(
  width: number,
  height: number,
  photometric: string,
  pixels: Uint8Array | undefined,
  more: readonly DicomElement[] = [],
): DicomElement[] {
  const usual: DicomElement[] = [
    [0x00280002, 'US', photometric.startsWith('MONO') || photometric.startsWith('PAL') ? 1 : 3],
    [0x00280004, 'CS', photometric],
    [0x00280010, 'US', height],
    [0x00280011, 'US', width],
    [0x00280100, 'US', 8],
    [0x00280101, 'US', 8],
    [0x00280102, 'US', 7],
    [0x00280103, 'US', 0],
  ];
  if (pixels) usual.push([0x7fe00010, 'OW', pixels]);
  const replaced = new Set(more.map(([tag]) => tag));
  return [...usual.filter(([tag]) => !replaced.has(tag)), ...more];
}

/** A sequence of items, for an explicit little endian file. */
export function sequence(items: readonly (readonly DicomElement[])[]): Uint8Array {
  return join(
    items.map((elements) => {
      const item = join(elements.map(([tag, vr, value]) => element(tag, vr, value)));
      return join([words([0xfffe, 0xe000]), long(item.length), item]);
    }),
  );
}

export function words(values: readonly number[], bigEndian = false): Uint8Array {
  const bytes = new Uint8Array(values.length * 2);
  const view = new DataView(bytes.buffer);
  values.forEach((value, i) => {
    view.setUint16(2 * i, value & 0xffff, !bigEndian);
  });
  return bytes;
}

function element(tag: number, vr: string, value: DicomValue, { implicit = false, bigEndian = false } = {}): Uint8Array {
  const data = valueBytes(vr, value, bigEndian);
  const head = words([tag >>> 16, tag & 0xffff], bigEndian);
  if (implicit) return join([head, long(data.length), data]);
  if (['OB', 'OV', 'OW', 'SQ', 'UN'].includes(vr))
    return join([head, ascii(vr), words([0]), long(data.length, bigEndian), data]);
  return join([head, ascii(vr), words([data.length], bigEndian), data]);
}

function valueBytes(vr: string, value: DicomValue, bigEndian: boolean): Uint8Array {
  if (value instanceof Uint8Array) return value;
  if (typeof value === 'number' && vr === 'FD') return new Uint8Array(Float64Array.of(value).buffer);
  if (typeof value === 'number') return vr === 'UL' ? long(value, bigEndian) : words([value], bigEndian);
  return ascii(value.length % 2 === 0 ? value : value + (vr === 'UI' ? '\0' : ' '));
}

function long(value: number, bigEndian = false): Uint8Array {
  const halves = [value & 0xffff, value >>> 16];
  return words(bigEndian ? halves.reverse() : halves, bigEndian);
}

function ascii(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

export function join(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
