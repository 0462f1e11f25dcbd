import dicomParser, { type DataSet } from 'dicom-parser';
import { type Display, readDisplay } from './dicom-display.js';
import { encapsulatedFrames, type FrameStreams, withReadableOffsets } from './dicom-fragments.js';
import { frameAttributes } from './dicom-groups.js';
import { readPixelAspectRatio, readRegion, readSpacing } from './dicom-space.js';
import { decodeStream } from './dicom-stream.js';
import { ImageError, UnsupportedImageError } from './errors.js';
import { checkSize, type Frame } from './frame.js';
import type { ImageFile } from './image-file.js';
import { inflateRaw } from './inflate.js';
import { readPalette } from './palette.js';
import type { PixelFormat } from './pixel-format.js';
import { readStored, toLuminance } from './pixels.js';
import { type PixelEncoding, type TransferSyntax, transferSyntaxOf } from './transfer-syntax.js';

/**
 * A DICOM image. Frames are decoded to luminance in [0, 1], with the pixel spacing and the ultrasound region where the
 * file gives them.
 *
 * The data set, with the patient in it, is read here and then let go of: what is returned knows the pixels, their
 * format and their scale, and nothing else.
 */
export async function openDicom(bytes: Uint8Array, name: string): Promise<ImageFile> {
  const { dataSet, syntax } = parseDataSet(bytes, name);
  const format = readFormat(dataSet, syntax, name);
  const { width, height } = format;
  checkSize(name, width, height);
  const frameCount = readFrameCount(dataSet, name);
  const palette = format.photometric === 'PALETTE COLOR' ? readPalette(dataSet, format, name) : undefined;
  const pixelsOf = readPixelData(dataSet, syntax, frameCount, name);
  const settings = readFrameSettings(dataSet, format, frameCount, name);
  return {
    format: 'DICOM',
    width,
    height,
    frameCount,
    ...settings.common,
    decode: async (index = 0) => {
      const { display, space } = settings.of(index);
      const stored = pixelsOf(index);
      const decoded =
        stored.encoding === 'native'
          ? { stored: readStored(stored.bytes, format, index, name), format }
          : await decodeStream(stored.bytes, stored.encoding, format, name);
      const pixels =
        decoded instanceof Float32Array ? decoded : toLuminance(decoded.stored, decoded.format, display, palette, name);
      return { width, height, pixels, ...space };
    },
  };
}

type Space = Pick<Frame, 'spacing' | 'pixelAspectRatio' | 'region'>;

/** What can differ from frame to frame: how values are shown, and how large pixels are. */
function readFrameSettings(
  dataSet: DataSet,
  format: PixelFormat,
  frameCount: number,
  name: string,
): { common: Space; of: (index: number) => { display: Display; space: Space } } {
  const region = readRegion(dataSet, format.width, format.height);
  const inRegion: Space = region ? { region } : {};
  const pixelAspectRatio = readPixelAspectRatio(dataSet, name);
  const proportions: Space = pixelAspectRatio === undefined ? {} : { pixelAspectRatio };
  const settings = (index: number): { display: Display; space: Space } => {
    const attributes = frameAttributes(dataSet, index, name);
    const spacing = readSpacing(dataSet, attributes);
    return {
      display: readDisplay(attributes, format, name),
      space: { ...(spacing ? { spacing } : proportions), ...inRegion },
    };
  };
  const first = settings(0);
  // Without groups per frame all frames are as the first, however many there are, and nothing holds on to the data set.
  if (!dataSet.elements.x52009230) return { common: first.space, of: () => first };
  const all = Array.from({ length: frameCount }, (_, index) => settings(index));
  const { spacing } = first.space;
  const same = all.every(({ space }) => space.spacing?.x === spacing?.x && space.spacing?.y === spacing?.y);
  return { common: same ? first.space : inRegion, of: (index) => all[index] };
}

/**
 * The data set of a file, and how its pixels are encoded. @throws ImageError, or what dicom-parser throws for a
 * damaged file
 */
export function parseDataSet(bytes: Uint8Array, name: string): { dataSet: DataSet; syntax: TransferSyntax } {
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
  const readable = syntax.encoding === 'native' ? bytes : withReadableOffsets(bytes);
  return { dataSet: dicomParser.parseDicom(readable, { inflater }), syntax };
}

/** Number of frames (0028,0008); files with one frame often leave it out, or give 0. */
function readFrameCount(dataSet: DataSet, name: string): number {
  const text = dataSet.string('x00280008')?.trim();
  const count = text ? Number(text) : 1;
  if (!Number.isSafeInteger(count) || count < 0) {
    throw new ImageError(
      `${name}: its number of frames (0028,0008) is not a whole number; the file is damaged, export it again.`,
    );
  }
  return Math.max(1, count);
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
    const streamOf: FrameStreams = encapsulatedFrames(dataSet, element, frameCount, name);
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
      `${name}: DICOM samples of ${bitsStored} bits in ${bitsAllocated} are not supported, only 8 and 16 allocated bits; convert the file.`,
    );
  }
  const highBit = dataSet.uint16('x00280102') ?? bitsStored - 1;
  if (highBit < bitsStored - 1 || highBit >= bitsAllocated) {
    throw new ImageError(
      `${name}: the high bit (0028,0102) is ${highBit}, which does not go with ${bitsStored} bits stored in ${bitsAllocated}; ` +
        'the file is damaged, export it again.',
    );
  }
  const representation = dataSet.uint16('x00280103') ?? 0;
  if (representation > 1) {
    throw new ImageError(
      `${name}: the pixel representation (0028,0103) is ${representation}, and only 0 (unsigned) and 1 (signed) exist; ` +
        'the file is damaged, export it again.',
    );
  }
  const photometric = dataSet.string('x00280004')?.trim() || 'MONOCHROME2';
  refuseSupplementalPalette(dataSet, photometric, name);
  return {
    width,
    height,
    bitsAllocated,
    bitsStored,
    highBit,
    signed: representation === 1,
    samplesPerPixel: dataSet.uint16('x00280002') ?? 1,
    byPlane: dataSet.uint16('x00280006') === 1,
    bigEndian,
    // Bytes in words (PS3.5, 8.1.1 and annex D): big endian turns each pair of them round.
    swapped: bigEndian && bitsAllocated === 8 && pixelData.vr === 'OW',
    photometric,
  };
}

/**
 * A greyscale image of which some values stand for colours (PS3.3, C.7.6.19): its greys alone would be another picture.
 */
function refuseSupplementalPalette(dataSet: DataSet, photometric: string, name: string): void {
  const presentation = dataSet.string('x00089205')?.trim();
  if (!photometric.startsWith('MONOCHROME') || !dataSet.elements.x00281101) return;
  if (presentation !== 'COLOR' && presentation !== 'MIXED') return;
  throw new UnsupportedImageError(
    `${name}: greyscale with a supplemental palette (Pixel Presentation ${presentation}) is not supported; export it as RGB.`,
  );
}
