import { ImageError, UnsupportedImageError } from './errors.js';
import { decodeJpegLossless } from './jpeg-lossless.js';
import { decodeJpegLs } from './jpeg-ls.js';
import { decodeJpeg2000 } from './jpeg2000.js';
import type { PixelFormat } from './pixel-format.js';
import { readStored, type StoredPixels } from './pixels.js';
import { decodeRaster } from './raster.js';
import { type JpegFrameHeader, readJpegHeader } from './raster-header.js';
import { decodeRle } from './rle.js';
import type { PixelEncoding } from './transfer-syntax.js';

/** Samples of a frame, and how they are to be understood now that they are decompressed. */
export interface DecodedStream {
  readonly stored: StoredPixels;
  readonly format: PixelFormat;
}

/**
 * Decompresses one frame. JPEG in colour becomes luminance in [0, 1] at once; everything else is still to be displayed.
 */
export async function decodeStream(
  stream: Uint8Array,
  encoding: Exclude<PixelEncoding, 'native'>,
  format: PixelFormat,
  name: string,
): Promise<DecodedStream | Float32Array> {
  switch (encoding) {
    case 'rle':
      return rle(stream, format, name);
    case 'jpeg':
      return jpeg(stream, format, name);
    case 'jpeg2000':
      return jpeg2000(stream, format, name);
    case 'jpeg-lossless': {
      const header = jpegHeader(stream, format, name);
      return unpacked(decodeJpegLossless(stream, header, name), header, false, format, name);
    }
    case 'jpeg-ls': {
      const header = jpegHeader(stream, format, name);
      const { samples, byPlane } = await decodeJpegLs(stream, header, name);
      return unpacked(samples, header, byPlane, format, name);
    }
  }
}

function rle(stream: Uint8Array, format: PixelFormat, name: string): DecodedStream {
  const { width, height, samplesPerPixel, bitsAllocated } = format;
  const size = { count: width * height, samples: samplesPerPixel, bytes: bitsAllocated / 8 };
  const planes = { ...format, byPlane: true, photometric: unhalved(format) };
  return { stored: readStored(decodeRle(stream, size, name), planes, 0, name), format: planes };
}

async function jpeg(stream: Uint8Array, format: PixelFormat, name: string): Promise<DecodedStream | Float32Array> {
  const header = jpegHeader(stream, format, name);
  if (header.precision !== 8) {
    throw new UnsupportedImageError(
      `${name}: JPEG of ${header.precision} bits is not supported, only of 8; convert it to explicit little endian, for instance with \`gdcmconv --raw\`.`,
    );
  }
  const grey = format.photometric.startsWith('MONOCHROME');
  if (grey && header.components !== 1) {
    throw new ImageError(
      `${name}: the DICOM header says ${format.photometric}, its compressed image has ${header.components} components; ` +
        'the file is damaged, export it again.',
    );
  }
  // The stream knows better than the label: many ultrasound machines write RGB over what is YCbCr. Only a stream that
  // says nothing about its colours is taken at the label's word, and one whose components are sampled at different
  // rates says YCbCr.
  const rgb = format.photometric === 'RGB' && !header.colourDeclared && !header.subsampled;
  const frame = await decodeRaster(rgb ? markRgb(stream) : stream, name);
  checkDeclared(frame, format, name);
  if (!grey) return frame.pixels;
  // Greyscale still has its window, and perhaps its inversion, to go through.
  const values = frame.pixels.map((shade) => shade * 255);
  return { stored: { values, channels: 1 }, format: { ...format, bitsStored: 8, signed: false } };
}

async function jpeg2000(stream: Uint8Array, format: PixelFormat, name: string): Promise<DecodedStream> {
  const { width, height, values: decoded, channels, bits, signed } = await decodeJpeg2000(stream, name);
  checkDeclared({ width, height }, format, name);
  // Where the stream has a colour transform (RCT or ICT) the codec has undone it, and three channels are R, G, B by
  // pixel; else they are what the label says, and a label that names a transform is wrong about that alone.
  const named = format.photometric === 'YBR_RCT' || format.photometric === 'YBR_ICT';
  const rgb = channels >= 3 && (named || usesColourTransform(stream));
  const photometric = rgb ? 'RGB' : unhalved(format);
  // Some writers code the bits of signed samples as if they had no sign.
  const values = format.signed && !signed ? Int16Array.from(decoded, signedFrom(bits)) : decoded;
  return {
    stored: { values, channels },
    format: { ...format, photometric, samplesPerPixel: channels, bitsStored: bits, signed: signed || format.signed },
  };
}

/**
 * Whether a JPEG 2000 codestream has a colour transform: the first COD segment (FF52) says so (ISO/IEC 15444-1, A.6.1).
 */
function usesColourTransform(stream: Uint8Array): boolean {
  for (let at = 0; at + 8 < stream.length; at++) {
    // Length, style of coding, order of progression and number of layers stand before it.
    if (stream[at] === 0xff && stream[at + 1] === 0x52) return stream[at + 8] === 1;
  }
  return false;
}

/** Two's complement of so many bits. */
function signedFrom(bits: number): (value: number) => number {
  const sign = 2 ** (bits - 1);
  return (value) => (value ^ sign) - sign;
}

/** Samples as a lossless codec gives them back: as they would stand in a file without compression. */
function unpacked(
  samples: Uint8Array,
  { precision, components }: JpegFrameHeader,
  byPlane: boolean,
  format: PixelFormat,
  name: string,
): DecodedStream {
  const bitsAllocated = precision > 8 ? 16 : 8;
  const bitsStored = Math.min(format.bitsStored, bitsAllocated);
  const native: PixelFormat = {
    ...format,
    bitsAllocated,
    bitsStored,
    highBit: bitsStored - 1,
    samplesPerPixel: components,
    byPlane,
    photometric: unhalved(format),
  };
  return { stored: readStored(samples, native, 0, name), format: native };
}

/** Only samples that are not compressed share their colours; a codec gives every pixel its own. */
function unhalved({ photometric }: PixelFormat): string {
  return photometric === 'YBR_FULL_422' ? 'YBR_FULL' : photometric;
}

/** Read before decoding, because a stream may claim any size. */
function jpegHeader(stream: Uint8Array, format: PixelFormat, name: string): JpegFrameHeader {
  const header = readJpegHeader(stream);
  if (!header) {
    throw new ImageError(
      `${name}: its compressed image ends, or goes wrong, before it says how large it is; the file is truncated or damaged, export it again.`,
    );
  }
  checkDeclared(header, format, name);
  return header;
}

/** Compressed streams carry their own size; one that disagrees with the header belongs to another image. */
function checkDeclared(
  decoded: { readonly width: number; readonly height: number },
  format: PixelFormat,
  name: string,
): void {
  if (decoded.width !== format.width || decoded.height !== format.height) {
    throw new ImageError(
      `${name}: the DICOM header says ${format.width}×${format.height} pixels, its compressed image has ` +
        `${decoded.width}×${decoded.height}; the file is damaged, export it again.`,
    );
  }
}

/** Adds an Adobe marker "no colour transform", without which a JPEG codec takes three components for Y, Cb, Cr. */
function markRgb(stream: Uint8Array): Uint8Array {
  const marker = [0xff, 0xee, 0x00, 0x0e, 0x41, 0x64, 0x6f, 0x62, 0x65, 0x00, 0x64, 0x00, 0x00, 0x00, 0x00, 0x00];
  const marked = new Uint8Array(stream.length + marker.length);
  marked.set(stream.subarray(0, 2));
  marked.set(marker, 2);
  marked.set(stream.subarray(2), 2 + marker.length);
  return marked;
}
