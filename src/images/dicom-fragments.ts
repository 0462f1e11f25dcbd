import type { DataSet, Element } from 'dicom-parser';
import { ImageError } from './errors.js';

/** The compressed stream of a frame, by its index from 0. */
export type FrameStreams = (index: number) => Uint8Array;

interface Fragment {
  /** From the first fragment. */
  readonly offset: number;
  readonly length: number;
  readonly bytes: Uint8Array;
}

const EXTENDED_OFFSET_TABLE = 'x7fe00001';

/**
 * The file with the extended offset tables (7FE0,0001 and 0002) under a VR that dicom-parser knows: it takes the length
 * of OV for one of 16 bits and would lose its way in front of the pixel data. The bytes themselves where there is none.
 */
export function withReadableOffsets(file: Uint8Array): Uint8Array {
  let readable = file;
  // Both stand right before the pixel data (7FE0,0010), in explicit little endian as all encapsulated data.
  for (let at = file.indexOf(0xe0); at >= 0; at = file.indexOf(0xe0, at + 1)) {
    if (file[at + 1] !== 0x7f || file[at + 3] !== 0) continue;
    if (file[at + 2] === 0x10) break;
    const isTable = file[at + 2] === 1 || file[at + 2] === 2;
    if (!isTable || file[at + 4] !== 0x4f || file[at + 5] !== 0x56) continue;
    if (readable === file) readable = file.slice();
    readable[at + 5] = 0x42;
  }
  return readable;
}

/** Encapsulated pixel data (PS3.5, A.4), whose fragments are joined to frames. */
export function encapsulatedFrames(dataSet: DataSet, element: Element, frameCount: number, name: string): FrameStreams {
  const file = dataSet.byteArray;
  const fragments: Fragment[] = (element.fragments ?? []).map(({ offset, position, length }) => ({
    offset,
    length,
    bytes: file.subarray(position, position + length),
  }));
  if (fragments.length === 0)
    throw new ImageError(`${name}: the pixel data hold no fragment; the file is truncated, export it again.`);
  const offsets = extendedOffsets(dataSet) ?? element.basicOffsetTable ?? [];
  return (index) => {
    const parts = partsOf(fragments, offsets, frameCount, index);
    if (parts.length === 0) {
      throw new ImageError(
        `${name}: frame ${index + 1} is not among the ${fragments.length} fragments of the pixel data; the file is truncated, export it again.`,
      );
    }
    if (parts.some(({ bytes, length }) => bytes.length < length))
      throw new ImageError(`${name}: the pixel data end early; the file is truncated, export it again.`);
    if (parts.length === 1) return parts[0].bytes;
    const stream = new Uint8Array(parts.reduce((total, { length }) => total + length, 0));
    let at = 0;
    for (const { bytes, length } of parts) {
      stream.set(bytes, at);
      at += length;
    }
    return stream;
  };
}

/** The offsets of frames as numbers of 64 bits (PS3.3, C.7.6.3.1.8), which stand where the basic table is empty. */
function extendedOffsets({ elements, byteArray }: DataSet): number[] | undefined {
  const element = elements[EXTENDED_OFFSET_TABLE];
  if (!element || element.length < 8) return undefined;
  const view = new DataView(byteArray.buffer, byteArray.byteOffset + element.dataOffset, element.length);
  return Array.from({ length: element.length >> 3 }, (_, i) => Number(view.getBigUint64(8 * i, true)));
}

/**
 * With a table of offsets a frame reaches from one to the next. Without one, all fragments are the only frame, or each
 * is a frame; where there are more fragments than frames, a frame begins where a stream does.
 */
function partsOf(fragments: Fragment[], offsets: readonly number[], frameCount: number, index: number): Fragment[] {
  if (offsets.length > 1) {
    return fragments.filter(({ offset }) => offset >= offsets[index] && offset < (offsets[index + 1] ?? Infinity));
  }
  if (frameCount === 1) return fragments;
  if (fragments.length > frameCount) {
    const starts = [...fragments.keys()].filter((i) => startsStream(fragments[i].bytes));
    if (starts.length === frameCount) return fragments.slice(starts[index], starts[index + 1]);
  }
  return fragments.slice(index, index + 1);
}

/** Whether this begins as JPEG and JPEG-LS (FFD8) or as a JPEG 2000 codestream (FF4F). */
function startsStream(bytes: Uint8Array): boolean {
  return bytes[0] === 0xff && (bytes[1] === 0xd8 || bytes[1] === 0x4f);
}
