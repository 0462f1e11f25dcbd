import { EntropyReader, type HuffmanTable, readHuffmanTables } from './entropy-reader.js';
import { ImageError, UnsupportedImageError } from './errors.js';
import type { JpegFrameHeader } from './raster-header.js';

/** Low bytes of the markers that matter here (ISO/IEC 10918-1, table B.1). */
const MARKER = { losslessHuffman: 0xc3, huffmanTables: 0xc4, endOfImage: 0xd9, scan: 0xda, restartInterval: 0xdd };

interface Scan {
  /** Where its components stand among those of the frame, and their tables. */
  readonly components: readonly { readonly index: number; readonly table: HuffmanTable }[];
  /** Which neighbours predict a sample (table H.1). */
  readonly selection: number;
  /** Low bits that were left out. */
  readonly pointTransform: number;
  /** Lines between restart markers; 0 without them. */
  readonly restartLines: number;
}

/**
 * Decodes lossless JPEG (ISO/IEC 10918-1, process 14 and annex H) with any selection value, point transform and restart
 * interval, its components in one scan or in several.
 *
 * @param header of this stream, whose size has been checked
 * @returns samples by pixel, little endian, in one byte each up to 8 bits and two beyond
 */
export function decodeJpegLossless(stream: Uint8Array, header: JpegFrameHeader, name: string): Uint8Array {
  const { width, height, components, precision } = header;
  if (header.marker !== MARKER.losslessHuffman || (components !== 1 && components !== 3)) {
    throw new UnsupportedImageError(
      `${name}: only lossless JPEG of 1 or 3 components with Huffman coding is supported; convert the file.`,
    );
  }
  if (precision < 2 || precision > 16) throw damaged(name, `samples of ${precision} bits`);
  // A sample takes at least one bit, so a short stream cannot ask for the memory of a large picture.
  if (stream.length * 8 < width * height * components) throw damaged(name, 'fewer bits than samples');
  const samples = new (precision > 8 ? Uint16Array : Uint8Array)(width * height * components);
  const ids: number[] = [];
  const tables: HuffmanTable[] = [];
  const view = new DataView(stream.buffer, stream.byteOffset, stream.byteLength);
  let [restartInterval, missing] = [0, components];
  for (let at = 2; missing > 0; ) {
    if (at + 4 > stream.length || stream[at] !== 0xff) throw damaged(name, `no marker at byte ${at}`);
    const marker = stream[at + 1];
    if (marker === 0xff) {
      at += 1;
      continue;
    }
    if (marker === MARKER.endOfImage) throw damaged(name, 'fewer scans than components');
    const data = stream.subarray(at + 4, at + 2 + view.getUint16(at + 2));
    at += 2 + view.getUint16(at + 2);
    if (marker === MARKER.losslessHuffman) ids.push(...readComponents(data, components, name));
    if (marker === MARKER.huffmanTables) readHuffmanTables(data, tables, name);
    if (marker === MARKER.restartInterval) restartInterval = (data[0] << 8) | data[1];
    if (marker !== MARKER.scan) continue;
    const scan = readScan(data, ids, tables, restartInterval / width, name);
    const reader = new EntropyReader(stream, at, name);
    decodeScan(reader, scan, header, samples, name);
    at = reader.end();
    missing -= scan.components.length;
  }
  // Typed arrays have the order of the machine, which is little endian wherever WebGPU is.
  return new Uint8Array(samples.buffer);
}

/** Identifiers of the components, in order (B.2.2). */
function readComponents(data: Uint8Array, components: number, name: string): number[] {
  const ids: number[] = [];
  for (let i = 0; i < components; i++) {
    if (components > 1 && data[7 + 3 * i] !== 0x11) {
      throw new UnsupportedImageError(
        `${name}: lossless JPEG with subsampled components is not supported; convert the file.`,
      );
    }
    ids.push(data[6 + 3 * i]);
  }
  return ids;
}

/** B.2.3; the selection value stands where other processes have the start of the spectrum. */
function readScan(
  data: Uint8Array,
  ids: readonly number[],
  tables: readonly HuffmanTable[],
  restartLines: number,
  name: string,
): Scan {
  const count = data[0];
  const components = Array.from({ length: count }, (_, i) => {
    const index = ids.indexOf(data[1 + 2 * i]);
    const table = tables[data[2 + 2 * i] >> 4];
    if (index < 0 || !table) throw damaged(name, 'a scan of a component, or with a table, that is not there');
    return { index, table };
  });
  const [selection, pointTransform] = [data[1 + 2 * count], data[3 + 2 * count] & 15];
  if (count < 1 || !(selection >= 1 && selection <= 7)) throw damaged(name, `a predictor of number ${selection}`);
  if (!Number.isInteger(restartLines)) throw damaged(name, 'restarts within lines');
  return { components, selection, pointTransform, restartLines };
}

/** H.1.2: every sample is its prediction plus a difference, modulo 65,536. */
function decodeScan(
  reader: EntropyReader,
  { components, selection, pointTransform, restartLines }: Scan,
  header: JpegFrameHeader,
  samples: Uint8Array | Uint16Array,
  name: string,
): void {
  const { width, height, components: channels, precision } = header;
  const middle = 2 ** (precision - pointTransform - 1);
  if (middle < 1) throw damaged(name, `a point transform of ${pointTransform} bits`);
  const line = width * channels;
  // The first line, and each behind a restart, has nothing above it that would count.
  let firstLine = 0;
  for (let y = 0; y < height; y++) {
    if (restartLines > 0 && y > 0 && y % restartLines === 0) {
      reader.restart();
      firstLine = y;
    }
    for (let x = 0; x < width; x++) {
      for (const { index, table } of components) {
        const at = y * line + x * channels + index;
        const left = () => samples[at - channels] >> pointTransform;
        const above = () => samples[at - line] >> pointTransform;
        const corner = () => samples[at - line - channels] >> pointTransform;
        const prediction =
          y === firstLine
            ? x === 0
              ? middle
              : left()
            : x === 0
              ? above()
              : predict(selection, left(), above(), corner());
        samples[at] = ((prediction + reader.difference(table)) & 0xffff) << pointTransform;
      }
    }
  }
}

/** Table H.1. */
function predict(selection: number, left: number, above: number, corner: number): number {
  switch (selection) {
    case 1:
      return left;
    case 2:
      return above;
    case 3:
      return corner;
    case 4:
      return left + above - corner;
    case 5:
      return left + ((above - corner) >> 1);
    case 6:
      return above + ((left - corner) >> 1);
    default:
      return (left + above) >> 1;
  }
}

function damaged(name: string, what: string): ImageError {
  return new ImageError(`${name}: its lossless JPEG stream is damaged or cut short (${what}); export the file again.`);
}
