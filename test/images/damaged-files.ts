// One small file of every kind that is read, for tests that damage them.
import { existsSync, readFileSync } from 'node:fs';
import { deflateSync } from 'node:zlib';
import fc from 'fast-check';
import { decodeFrame, encodeGreyJpeg, encodeGreyPng, type Frame } from '../../src/images/index.js';
import {
  BIG_ENDIAN,
  DEFLATED,
  type DicomElement,
  imageElements,
  join,
  RLE,
  sequence,
  words,
  writeDicom,
} from './dicom-writer.js';
import { encodeJpegLossless } from './jpeg-lossless-encoder.js';
import { encodeJpegLs } from './jpeg-ls-encoder.js';
import { encodeRle } from './rle-encoder.js';

const noise = (length: number) => Uint8Array.from({ length }, (_, i) => (i * 2654435761) >>> 24);
const image = { width: 24, height: 18, pixels: noise(432) };
const patient: DicomElement = [0x00100010, 'PN', 'Doe^Jane'];
const palette = [0, 1, 2].flatMap((c) => [
  [0x00281101 + c, 'US', words([4, 0, 16])] as const,
  [0x00281221 + c, 'OW', words([0, 1, 0, 1, 3, 60_000])] as const,
]);
const tables: DicomElement[] = [
  [
    0x00186011,
    'SQ',
    sequence([
      [
        [0x00186012, 'US', 1],
        [0x00186014, 'US', 1],
        [0x00186018, 'UL', 3],
      ],
    ]),
  ],
  [
    0x00283010,
    'SQ',
    sequence([
      [
        [0x00283002, 'US', words([2, 9, 8])],
        [0x00283006, 'OW', words([7, 99])],
      ],
    ]),
  ],
];
const compressed = (transferSyntax: string, stream: Uint8Array) =>
  writeDicom({
    transferSyntax,
    elements: [patient, ...imageElements(24, 18, 'MONOCHROME2', undefined)],
    fragments: [stream],
  });
const plain = (photometric: string, more: readonly DicomElement[], transferSyntax?: string) =>
  writeDicom({ transferSyntax, elements: [patient, ...imageElements(24, 18, photometric, image.pixels, more)] });

/** By what they are. Each has a patient where its format can. */
export const samples: Record<string, Uint8Array> = {
  PNG: await encodeGreyPng(image),
  JPEG: await encodeGreyJpeg(image, 80),
  MetaImage: join([
    new TextEncoder().encode(
      'ObjectType = Image\nDimSize = 24 18\nElementType = MET_UCHAR\nCompressedData = True\nElementDataFile = LOCAL\n',
    ),
    deflateSync(image.pixels),
  ]),
  'greyscale DICOM': plain('MONOCHROME2', tables),
  'palette DICOM': plain('PALETTE COLOR', palette),
  'deflated DICOM': plain('MONOCHROME2', [], DEFLATED),
  'big-endian DICOM': plain('MONOCHROME1', [], BIG_ENDIAN),
  'JPEG in DICOM': compressed('1.2.840.10008.1.2.4.50', await encodeGreyJpeg(image, 80)),
  'RLE in DICOM': compressed(RLE, encodeRle([image.pixels])),
  'lossless JPEG in DICOM': compressed(
    '1.2.840.10008.1.2.4.70',
    encodeJpegLossless([...image.pixels], { width: 24, height: 18, bits: 8, channels: 1, selection: 4 }),
  ),
  'JPEG-LS in DICOM': compressed(
    '1.2.840.10008.1.2.4.80',
    encodeJpegLs(image.pixels, { width: 24, height: 18, bitsPerSample: 8, componentCount: 1 }),
  ),
};
const jpeg2000 = new URL('../../../../shared/fixtures/dicom/US1_J2KR.dcm', import.meta.url);
if (existsSync(jpeg2000)) samples['JPEG 2000 in DICOM'] = new Uint8Array(readFileSync(jpeg2000));

const header = new TextEncoder().encode(
  'ObjectType = Image\nDimSize = 24 18\nElementType = MET_UCHAR\nCompressedData = True\nElementDataFile = fuzzed.zraw\n',
);
export const HEADER_AND_SAMPLES = 'MetaImage in two files';
samples[HEADER_AND_SAMPLES] = join([header, deflateSync(image.pixels)]);

/** Decodes what a sample of this kind became. The one in two files is cut where its header ended. */
export function decodeSample(kind: string, bytes: Uint8Array, name: string): Promise<Frame> {
  if (kind !== HEADER_AND_SAMPLES) return decodeFrame(bytes, name);
  const beside = async (file: string) => (file === 'fuzzed.zraw' ? bytes.subarray(header.length) : undefined);
  return decodeFrame(bytes.subarray(0, header.length), name, beside);
}

/**
 * Copies of a file with up to twelve bytes changed. Half of the changes fall on the first bytes, where the structure
 * is.
 */
export function damaged(bytes: Uint8Array): fc.Arbitrary<Uint8Array> {
  const position = fc.oneof(fc.nat(Math.min(800, bytes.length - 1)), fc.nat(bytes.length - 1));
  return fc.array(fc.tuple(position, fc.nat(255)), { minLength: 1, maxLength: 12 }).map((edits) => {
    const copy = Uint8Array.from(bytes);
    for (const [at, value] of edits) copy[at] = value;
    return copy;
  });
}

/** Copies that end early. The last bytes of a file may be padding or an end marker that a codec does not need. */
export function cutShort(bytes: Uint8Array): fc.Arbitrary<Uint8Array> {
  return fc.nat(bytes.length - 40).map((length) => bytes.slice(0, length));
}
