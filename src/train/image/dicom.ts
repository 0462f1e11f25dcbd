import dicomParser, { type DataSet, type Element } from 'dicom-parser';
import { ImageError, UnsupportedImageError } from './errors.js';
import { checkSize } from './frame.js';
import type { ImageFile } from './image-file.js';
import { decodeJpeg2000 } from './jpeg2000.js';
import { readPalette } from './palette.js';
import { type PixelFormat, readStored, type StoredPixels, toLuminance } from './pixels.js';
import { decodeRaster } from './raster.js';
import { readRasterHeader } from './raster-header.js';

type Encoding = 'native' | 'jpeg' | 'jpeg2000';

const READABLE: Record<string, Encoding> = {
  '1.2.840.10008.1.2': 'native',
  '1.2.840.10008.1.2.1': 'native',
  '1.2.840.10008.1.2.4.50': 'jpeg',
  '1.2.840.10008.1.2.4.90': 'jpeg2000',
  '1.2.840.10008.1.2.4.91': 'jpeg2000',
};

/** Names of what is refused, so that the message says more than a number (PS3.6, table A-1). */
const REFUSED: Record<string, string> = {
  '1.2.840.10008.1.2.1.99': 'deflated explicit little endian',
  '1.2.840.10008.1.2.2': 'explicit big endian',
  '1.2.840.10008.1.2.4.51': 'JPEG extended (12 bit)',
  '1.2.840.10008.1.2.4.57': 'JPEG lossless',
  '1.2.840.10008.1.2.4.70': 'JPEG lossless, first-order prediction',
  '1.2.840.10008.1.2.4.80': 'JPEG-LS lossless',
  '1.2.840.10008.1.2.4.81': 'JPEG-LS near-lossless',
  '1.2.840.10008.1.2.4.100': 'MPEG-2 video',
  '1.2.840.10008.1.2.4.102': 'MPEG-4 video',
  '1.2.840.10008.1.2.4.103': 'MPEG-4 video',
  '1.2.840.10008.1.2.4.201': 'high-throughput JPEG 2000',
  '1.2.840.10008.1.2.5': 'RLE lossless',
};

/** A DICOM image. Frames are decoded to luminance in [0, 1], with the pixel spacing where the file gives one. */
export async function openDicom(bytes: Uint8Array, name: string): Promise<ImageFile> {
  // From the meta header alone, before a deflated file would be inflated to whatever size it says.
  const syntax = transferSyntax(bytes, name);
  const encoding = READABLE[syntax];
  if (!encoding) {
    const label = REFUSED[syntax] ? `${REFUSED[syntax]} (transfer syntax ${syntax})` : `transfer syntax ${syntax}`;
    throw new UnsupportedImageError(
      `${name}: DICOM in ${label} is not read; convert it to explicit little endian, for instance with ` +
        '`gdcmconv --raw` or `dcmdjpeg`.',
    );
  }
  const dataSet = dicomParser.parseDicom(bytes);
  const format = readFormat(dataSet, name);
  const { width, height } = format;
  checkSize(name, width, height);
  const element = dataSet.elements.x7fe00010;
  if (!element)
    throw new ImageError(`${name}: the DICOM file holds no pixel data (7FE0,0010); choose an image object.`);
  const spacing = readSpacing(dataSet);
  return {
    format: 'DICOM',
    width,
    height,
    frameCount: readFrameCount(dataSet),
    decode: async (index = 0) => {
      const pixels = await decodePixels(dataSet, element, encoding, format, index, name);
      return { width, height, pixels, ...(spacing ? { spacing } : {}) };
    },
  };
}

/** Number of frames (0028,0008); files with one frame often leave it out, or give 0. */
function readFrameCount(dataSet: DataSet): number {
  const count = dataSet.intString('x00280008') ?? 1;
  return Number.isSafeInteger(count) && count >= 1 ? count : 1;
}

async function decodePixels(
  dataSet: DataSet,
  element: Element,
  encoding: Encoding,
  format: PixelFormat,
  index: number,
  name: string,
): Promise<Float32Array> {
  const palette = format.photometric === 'PALETTE COLOR' ? readPalette(dataSet, name) : undefined;
  if (encoding === 'native') {
    if (element.encapsulatedPixelData) {
      throw new ImageError(
        `${name}: pixel data are encapsulated although the transfer syntax says they are not; export it again.`,
      );
    }
    const stored = dataSet.byteArray.subarray(element.dataOffset, element.dataOffset + element.length);
    return toLuminance(readStored(stored, format, index, name), format, palette, name);
  }
  const stream = frameStream(dataSet, element, index, name);
  if (encoding === 'jpeg') {
    // Before it is decoded: a stream may claim any size.
    const header = readRasterHeader(stream);
    if (header) checkDeclared(header, format, name);
    const frame = await decodeRaster(format.photometric === 'RGB' ? markRgb(stream) : stream, name);
    checkDeclared(frame, format, name);
    if (!format.photometric.startsWith('MONOCHROME')) return frame.pixels;
    // Greyscale still has its window, and perhaps its inversion, to go through.
    const values = frame.pixels.map((shade) => shade * 255);
    return toLuminance({ values, channels: 1 }, { ...format, bitsStored: 8, signed: false }, palette, name);
  }
  const decoded = await decodeJpeg2000(stream, name);
  checkDeclared(decoded, format, name);
  // The codec has undone the colour transform (YBR_RCT, YBR_ICT), so three channels are R, G, B by pixel.
  const pixels: StoredPixels = { values: decoded.values, channels: decoded.channels };
  const photometric = decoded.channels >= 3 ? 'RGB' : format.photometric;
  return toLuminance(
    pixels,
    { ...format, photometric, samplesPerPixel: decoded.channels, bitsStored: decoded.bits, signed: decoded.signed },
    palette,
    name,
  );
}

function transferSyntax(bytes: Uint8Array, name: string): string {
  const syntax = dicomParser.readPart10Header(bytes).string('x00020010');
  if (!syntax) throw new ImageError(`${name}: the DICOM file names no transfer syntax (0002,0010); export it again.`);
  return syntax;
}

function readFormat(dataSet: DataSet, name: string): PixelFormat {
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
    throw new ImageError(
      `${name}: DICOM samples of ${bitsStored} bits in ${bitsAllocated} are not read, only 8 and 16 allocated bits; convert the file.`,
    );
  }
  return {
    width,
    height,
    bitsAllocated,
    bitsStored,
    highBit: dataSet.uint16('x00280102') ?? bitsStored - 1,
    signed: dataSet.uint16('x00280103') === 1,
    samplesPerPixel: dataSet.uint16('x00280002') ?? 1,
    byPlane: dataSet.uint16('x00280006') === 1,
    photometric: dataSet.string('x00280004') ?? 'MONOCHROME2',
    slope: decimal(dataSet, 'x00281053') ?? 1,
    intercept: decimal(dataSet, 'x00281052') ?? 0,
    windowCenter: decimal(dataSet, 'x00281050'),
    windowWidth: decimal(dataSet, 'x00281051'),
    windowFunction: dataSet.string('x00281056') ?? 'LINEAR',
  };
}

/** A decimal string, or undefined where it is absent or no number. */
function decimal(dataSet: DataSet, tag: string): number | undefined {
  const value = dataSet.floatString(tag);
  return value !== undefined && Number.isFinite(value) ? value : undefined;
}

/** The bytes of one frame of encapsulated pixel data, whose fragments are joined (PS3.5, A.4). */
function frameStream(dataSet: DataSet, element: Element, index: number, name: string): Uint8Array {
  const fragments = element.fragments ?? [];
  if (fragments.length === 0)
    throw new ImageError(`${name}: the pixel data hold no fragment; the file is truncated, export it again.`);
  const offsets = element.basicOffsetTable ?? [];
  // With a table of offsets a frame reaches from one to the next. Without one, a fragment is a frame, unless there is only one
  // frame, which then has all fragments.
  const parts =
    offsets.length > 1
      ? fragments.filter(({ offset }) => offset >= offsets[index] && offset < (offsets[index + 1] ?? Infinity))
      : readFrameCount(dataSet) > 1
        ? fragments.slice(index, index + 1)
        : fragments;
  if (parts.length === 0) {
    throw new ImageError(
      `${name}: frame ${index + 1} is not among the ${fragments.length} fragments of the pixel data; the file is truncated, export it again.`,
    );
  }
  const stream = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    const bytes = dataSet.byteArray.subarray(part.position, part.position + part.length);
    if (bytes.length < part.length)
      throw new ImageError(`${name}: the pixel data end early; the file is truncated, export it again.`);
    stream.set(bytes, at);
    at += part.length;
  }
  return stream;
}

/** Compressed streams carry their own size; one that disagrees with the header belongs to another image. */
function checkDeclared(decoded: { width: number; height: number }, format: PixelFormat, name: string): void {
  if (decoded.width !== format.width || decoded.height !== format.height) {
    throw new ImageError(
      `${name}: the DICOM header says ${format.width}×${format.height} pixels, its compressed image has ` +
        `${decoded.width}×${decoded.height}; the file is damaged, export it again.`,
    );
  }
}

/** Adds an Adobe marker "no colour transform", without which a JPEG decoder takes three components for Y, Cb, Cr. */
function markRgb(stream: Uint8Array): Uint8Array {
  const marker = [0xff, 0xee, 0x00, 0x0e, 0x41, 0x64, 0x6f, 0x62, 0x65, 0x00, 0x64, 0x00, 0x00, 0x00, 0x00, 0x00];
  const marked = new Uint8Array(stream.length + marker.length);
  marked.set(stream.subarray(0, 2));
  marked.set(marker, 2);
  marked.set(stream.subarray(2), 2 + marker.length);
  return marked;
}

/** Ultrasound regions give centimetres per pixel for the tissue image (PS3.3, C.8.5.5); otherwise pixel spacing. */
function readSpacing(dataSet: DataSet): { x: number; y: number } | undefined {
  const CENTIMETRES = 3;
  const TISSUE = 1;
  for (const { dataSet: region } of dataSet.elements.x00186011?.items ?? []) {
    if (region?.uint16('x00186012') !== 1 || region.uint16('x00186014') !== TISSUE) continue;
    if (region.uint16('x00186024') !== CENTIMETRES || region.uint16('x00186026') !== CENTIMETRES) continue;
    const spacing = {
      x: Math.abs(region.double('x0018602c') ?? 0) * 10,
      y: Math.abs(region.double('x0018602e') ?? 0) * 10,
    };
    if (isSpacing(spacing)) return spacing;
  }
  // Row spacing (vertical) comes first.
  const spacing = { x: dataSet.floatString('x00280030', 1) ?? 0, y: dataSet.floatString('x00280030', 0) ?? 0 };
  return isSpacing(spacing) ? spacing : undefined;
}

function isSpacing({ x, y }: { x: number; y: number }): boolean {
  return x > 0 && y > 0 && Number.isFinite(x) && Number.isFinite(y);
}
