import { existsSync, readFileSync } from 'node:fs';
import { deflateSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeFrame, encodeGreyJpeg, encodeGreyPng, ImageError } from '../../../src/train/image/index.js';
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

const samples: Record<string, Uint8Array> = {
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

/** Damaged files in all: a few hundred in `npm test`, SONDE_TEST_CASES in the long mode. */
const CASES = Number(process.env.SONDE_TEST_CASES ?? 600);
const perKind = Math.ceil(CASES / (2 * Object.keys(samples).length));
/** Seconds of computing that a few kilobytes may cost, and what may lie in memory at any time. */
const MOST_SECONDS = 10;
const MOST_BYTES = 1e9;

/** A damaged file is a frame with values in [0, 1], or an ImageError of one sentence that names the file and no patient. */
async function decodesOrRefuses(bytes: Uint8Array): Promise<void> {
  const start = process.cpuUsage();
  try {
    const frame = await decodeFrame(bytes, 'fuzzed.dcm');
    expect(frame.pixels.length).toBe(frame.width * frame.height);
    expect(frame.pixels.every((v) => v >= 0 && v <= 1)).toBe(true);
    expect(
      Object.keys(frame).filter((key) => !['width', 'height', 'pixels', 'spacing', 'region'].includes(key)),
    ).toEqual([]);
  } catch (error) {
    if (!(error instanceof ImageError)) throw error;
    expect(error.message).toMatch(/^fuzzed\.dcm: [^\n]+\.$/);
    expect(error.message).not.toMatch(/Doe|Jane/);
  }
  expect(process.cpuUsage(start).user).toBeLessThan(MOST_SECONDS * 1e6);
  expect(process.memoryUsage().arrayBuffers).toBeLessThan(MOST_BYTES);
}

describe.each(Object.entries(samples))('a damaged %s', (label, bytes) => {
  const numRuns = process.env.SONDE_TEST_CASES || !label.includes('2000') ? perKind : 10;

  it('with bytes changed throws nothing but ImageError', { timeout: 600_000 }, async () => {
    // Half of the changes fall on the first bytes, where the structure is.
    const position = fc.oneof(fc.nat(Math.min(800, bytes.length - 1)), fc.nat(bytes.length - 1));
    const changes = fc.array(fc.tuple(position, fc.nat(255)), { minLength: 1, maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(changes, async (edits) => {
        const damaged = Uint8Array.from(bytes);
        for (const [at, value] of edits) damaged[at] = value;
        await decodesOrRefuses(damaged);
      }),
      { numRuns },
    );
  });

  it('cut short is refused', { timeout: 600_000 }, async () => {
    // The last bytes of a file may be padding or an end marker that a decoder does not need.
    await fc.assert(
      fc.asyncProperty(fc.nat(bytes.length - 40), async (length) => {
        await expect(decodeFrame(bytes.slice(0, length), 'cut.dcm')).rejects.toBeInstanceOf(ImageError);
      }),
      { numRuns },
    );
  });
});
