import dicomParser, { type DataSet } from 'dicom-parser';
import { encapsulatedFrames, type FrameStreams } from './dicom-fragments.js';
import { readRegion, readSpacing } from './dicom-space.js';
import { decodeStream } from './dicom-stream.js';
import { ImageError, UnsupportedImageError } from './errors.js';
import { checkSize } from './frame.js';
import type { ImageFile } from './image-file.js';
import { inflateRaw } from './inflate.js';
import { readFirstTable } from './lookup-table.js';
import { readPalette } from './palette.js';
import { type PixelFormat, readStored, toLuminance } from './pixels.js';
import { type PixelEncoding, type TransferSyntax, transferSyntaxOf } from './transfer-syntax.js';

/**
 * A DICOM image. Frames are decoded to luminance in [0, 1], with the pixel spacing and the ultrasound region where the file
 * gives them.
 *
 * The data set, with the patient in it, is read here and then let go of: what is returned knows the pixels, their format and
 * their scale, and nothing else.
 */
export async function openDicom(bytes: Uint8Array, name: string): Promise<ImageFile> {
  const { dataSet, syntax } = parse(bytes, name);
  const format = readFormat(dataSet, syntax, name);
  const { width, height } = format;
  checkSize(name, width, height);
  const frameCount = readFrameCount(dataSet);
  const palette = format.photometric === 'PALETTE COLOR' ? readPalette(dataSet, !syntax.bigEndian, name) : undefined;
  const pixelsOf = readPixelData(dataSet, syntax, frameCount, name);
  const spacing = readSpacing(dataSet);
  const region = readRegion(dataSet, width, height);
  const space = { ...(spacing ? { spacing } : {}), ...(region ? { region } : {}) };
  return {
    format: 'DICOM',
    width,
    height,
    frameCount,
    ...space,
    decode: async (index = 0) => {
      const stored = pixelsOf(index);
      const decoded =
        stored.encoding === 'native'
          ? { stored: readStored(stored.bytes, format, index, name), format }
          : await decodeStream(stored.bytes, stored.encoding, format, name);
      const pixels =
        decoded instanceof Float32Array ? decoded : toLuminance(decoded.stored, decoded.format, palette, name);
      return { width, height, pixels, ...space };
    },
  };
}

function parse(bytes: Uint8Array, name: string): { dataSet: DataSet; syntax: TransferSyntax } {
  // From the meta header alone, before anything is parsed by it or inflated.
  const meta = dicomParser.readPart10Header(bytes);
  const uid = meta.string('x00020010');
  if (!uid) throw new ImageError(`${name}: the DICOM file names no transfer syntax (0002,0010); export it again.`);
  const syntax = transferSyntaxOf(uid, name);
  const inflater = (whole: Uint8Array, position: number): Uint8Array => {
    const inflated = inflateRaw(whole.subarray(position), name);
    const joined = new Uint8Array(position + inflated.length);
    joined.set(whole.subarray(0, position));
    joined.set(inflated, position);
    return joined;
  };
  return { dataSet: dicomParser.parseDicom(bytes, { inflater }), syntax };
}

/** Number of frames (0028,0008); files with one frame often leave it out, or give 0. */
function readFrameCount(dataSet: DataSet): number {
  const count = dataSet.intString('x00280008') ?? 1;
  return Number.isSafeInteger(count) && count >= 1 ? count : 1;
}

type PixelData =
  | { readonly encoding: 'native'; readonly bytes: Uint8Array }
  | { readonly encoding: Exclude<PixelEncoding, 'native'>; readonly bytes: Uint8Array };

/** Where the bytes of frames are: all of them in native data, those of the frame where each is a stream. */
function readPixelData(
  dataSet: DataSet,
  { encoding }: TransferSyntax,
  frameCount: number,
  name: string,
): (index: number) => PixelData {
  const element = dataSet.elements.x7fe00010;
  if (encoding !== 'native') {
    const streamOf: FrameStreams = encapsulatedFrames(dataSet.byteArray, element, frameCount, name);
    return (index) => ({ encoding, bytes: streamOf(index) });
  }
  if (element.encapsulatedPixelData) {
    throw new ImageError(
      `${name}: pixel data are encapsulated although the transfer syntax says they are not; export it again.`,
    );
  }
  const bytes = dataSet.byteArray.subarray(element.dataOffset, element.dataOffset + element.length);
  return () => ({ encoding: 'native', bytes });
}

function readFormat(dataSet: DataSet, { bigEndian }: TransferSyntax, name: string): PixelFormat {
  const pixelData = dataSet.elements.x7fe00010;
  if (!pixelData) {
    // Reports, plans and waveforms are DICOM too.
    throw new UnsupportedImageError(
      `${name}: the DICOM file holds no pixel data (7FE0,0010) of whole numbers; choose an image object.`,
    );
  }
  const height = dataSet.uint16('x00280010');
  const width = dataSet.uint16('x00280011');
  const bitsAllocated = dataSet.uint16('x00280100') ?? 8;
  const bitsStored = dataSet.uint16('x00280101') ?? bitsAllocated;
  if (width === undefined || height === undefined) {
    throw new ImageError(
      `${name}: the DICOM file gives no rows or columns (0028,0010 and 0011); choose an image object.`,
    );
  }
  if ((bitsAllocated !== 8 && bitsAllocated !== 16) || bitsStored < 1 || bitsStored > bitsAllocated) {
    throw new UnsupportedImageError(
      `${name}: DICOM samples of ${bitsStored} bits in ${bitsAllocated} are not read, only 8 and 16 allocated bits; convert the file.`,
    );
  }
  const signed = dataSet.uint16('x00280103') === 1;
  const tableOptions = { signed, littleEndian: !bigEndian };
  return {
    width,
    height,
    bitsAllocated,
    bitsStored,
    highBit: dataSet.uint16('x00280102') ?? bitsStored - 1,
    signed,
    samplesPerPixel: dataSet.uint16('x00280002') ?? 1,
    byPlane: dataSet.uint16('x00280006') === 1,
    bigEndian,
    // Bytes in words (PS3.5, 8.1.1 and annex D): big endian turns each pair of them round.
    swapped: bigEndian && bitsAllocated === 8 && pixelData.vr === 'OW',
    photometric: dataSet.string('x00280004') ?? 'MONOCHROME2',
    slope: decimal(dataSet, 'x00281053') ?? 1,
    intercept: decimal(dataSet, 'x00281052') ?? 0,
    modalityTable: readFirstTable(dataSet, 'x00283000', tableOptions, name),
    windowCenter: decimal(dataSet, 'x00281050'),
    windowWidth: decimal(dataSet, 'x00281051'),
    windowFunction: dataSet.string('x00281056') ?? 'LINEAR',
    voiTable: readFirstTable(dataSet, 'x00283010', tableOptions, name),
  };
}

/** A decimal string, or undefined where it is absent or no number. */
function decimal(dataSet: DataSet, tag: string): number | undefined {
  const value = dataSet.floatString(tag);
  return value !== undefined && Number.isFinite(value) ? value : undefined;
}
