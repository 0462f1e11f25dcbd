import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeFrame, ImageError, ImageTooLargeError, openImage } from '../../src/images/index.js';
import {
  BIG_ENDIAN,
  DEFLATED,
  type DicomElement,
  type DicomOptions,
  imageElements,
  join,
  RLE,
  words,
  writeDicom,
} from './dicom-writer.js';
import { encodeJpegLossless } from './jpeg-lossless-encoder.js';
import { encodeJpegLs } from './jpeg-ls-encoder.js';
import { encodeRle } from './rle-encoder.js';

const decode = (options: DicomOptions) => decodeFrame(writeDicom(options), 'frame.dcm');
const levels = async (options: DicomOptions, top = 255) =>
  Array.from((await decode(options)).pixels, (value) => Math.round(value * top));
const grey = Uint8Array.from([0, 50, 100, 150, 200, 255]);
const depth = (bits: number): DicomElement[] => [
  [0x00280100, 'US', bits > 8 ? 16 : 8],
  [0x00280101, 'US', bits],
  [0x00280102, 'US', bits - 1],
];
/** Samples as files hold them: a byte each up to 8 bits, little-endian words beyond. */
const packed = (samples: readonly number[], bits: number) => (bits > 8 ? words(samples) : Uint8Array.from(samples));
/** An image of random size, depth and content; smooth half of the time, so that runs and short codes are met. */
const image = (bitDepths: readonly number[], channels = 1) =>
  fc
    .record({ width: fc.integer({ min: 1, max: 9 }), height: fc.integer({ min: 1, max: 7 }), smooth: fc.boolean() })
    .chain(({ width, height, smooth }) =>
      fc.constantFrom(...bitDepths).chain((bits) =>
        fc.record({
          width: fc.constant(width),
          height: fc.constant(height),
          bits: fc.constant(bits),
          samples: fc.array(fc.nat(smooth ? 2 : 2 ** bits - 1), {
            minLength: width * height * channels,
            maxLength: width * height * channels,
          }),
        }),
      ),
    );

describe('DICOM in big endian', () => {
  it('reads words, and bytes that stand in words', async () => {
    const wide = imageElements(3, 1, 'MONOCHROME2', words([1, 256, 4095], true), depth(12));
    expect(await levels({ transferSyntax: BIG_ENDIAN, elements: wide }, 4095)).toEqual([1, 256, 4095]);
    const turned = Uint8Array.from([50, 0, 150, 100, 255, 200]);
    expect(await levels({ transferSyntax: BIG_ENDIAN, elements: imageElements(3, 2, 'MONOCHROME2', turned) })).toEqual([
      ...grey,
    ]);
    const bytes = imageElements(3, 2, 'MONOCHROME2', undefined, [[0x7fe00010, 'OB', grey]]);
    expect(await levels({ transferSyntax: BIG_ENDIAN, elements: bytes })).toEqual([...grey]);
  });

  it('reads palettes', async () => {
    const elements = imageElements(3, 1, 'PALETTE COLOR', undefined, [
      [0x7fe00010, 'OB', Uint8Array.from([0, 2, 1, 0])],
      ...[0, 1, 2].map((c) => [0x00281101 + c, 'US', words([3, 0, 16], true)] as const),
      ...[0, 1, 2].map((c) => [0x00281201 + c, 'OW', words([10, 20_000, 60_000], true)] as const),
    ]);
    expect(await levels({ transferSyntax: BIG_ENDIAN, elements }, 65_535)).toEqual([10, 60_000, 20_000]);
  });
});

describe('deflated DICOM', () => {
  it('reads it, with and without the byte that makes its length even', async () => {
    const elements = imageElements(3, 2, 'MONOCHROME2', grey);
    const whole = writeDicom({ transferSyntax: DEFLATED, elements });
    for (const bytes of [whole, join([whole, Uint8Array.of(0)])]) {
      const { pixels } = await decodeFrame(bytes, 'a');
      expect(Array.from(pixels, (value) => Math.round(255 * value))).toEqual([...grey]);
    }
  });

  it('refuses one that is cut short', async () => {
    const whole = writeDicom({ transferSyntax: DEFLATED, elements: imageElements(3, 2, 'MONOCHROME2', grey) });
    await expect(decodeFrame(whole.slice(0, -12), 'a')).rejects.toThrow(ImageError);
  });

  it('refuses what inflates to more than images do', async () => {
    const elements = imageElements(3, 2, 'MONOCHROME2', grey, [[0x00091001, 'OB', new Uint8Array(40_000_000)]]);
    const bomb = writeDicom({ transferSyntax: DEFLATED, elements });
    expect(bomb.length).toBeLessThan(60_000);
    const error = await openImage(bomb, 'a').catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ImageTooLargeError);
    expect(String(error)).toContain('deflated bytes inflate to more than 16 MB');
  });
});

describe('RLE lossless', () => {
  it('gives back any image, of 8 bits and 16', async () => {
    await fc.assert(
      fc.asyncProperty(image([8, 16]), async ({ width, height, bits, samples }) => {
        const planes =
          bits === 8 ? [samples] : [samples.map((value) => value >> 8), samples.map((value) => value & 255)];
        const options = {
          transferSyntax: RLE,
          elements: imageElements(width, height, 'MONOCHROME2', undefined, depth(bits)),
          fragments: [encodeRle(planes.map((plane) => Uint8Array.from(plane)))],
        };
        expect(await levels(options, 2 ** bits - 1)).toEqual(samples);
      }),
      { numRuns: 60 },
    );
  });

  it('reads colours, whose samples are in planes whatever the planar configuration says', async () => {
    const fragments = [encodeRle([Uint8Array.of(255, 0, 10), Uint8Array.of(0, 255, 20), Uint8Array.of(0, 0, 30)])];
    for (const planar of [0, 1]) {
      const elements = imageElements(3, 1, 'RGB', undefined, [[0x00280006, 'US', planar]]);
      expect(await levels({ transferSyntax: RLE, elements, fragments })).toEqual([76, 150, 18]);
    }
    const elements = imageElements(3, 1, 'YBR_FULL', undefined);
    expect(await levels({ transferSyntax: RLE, elements, fragments })).toEqual([255, 0, 10]);
  });

  it('refuses a few bytes that claim a large frame, before asking for its memory', async () => {
    const elements = imageElements(10_000, 9000, 'RGB', undefined);
    const fragments = [encodeRle([0, 1, 2].map(() => new Uint8Array(1000)))];
    const before = process.memoryUsage().arrayBuffers;
    await expect(decode({ transferSyntax: RLE, elements, fragments })).rejects.toThrow('RLE data end before the frame');
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(50_000_000);
  });

  it('names a number of segments that cannot be', async () => {
    const fragments = [encodeRle([grey, grey])];
    const elements = imageElements(3, 2, 'MONOCHROME2', undefined);
    await expect(decode({ transferSyntax: RLE, elements, fragments })).rejects.toThrow(
      'its RLE frame has 2 segments, 1 samples of 8 bits need 1',
    );
  });
});

describe('lossless JPEG', () => {
  it.each([1, 2, 3, 4, 5, 6, 7])('gives back any image by selection value %i', async (selection) => {
    await fc.assert(
      fc.asyncProperty(image([8, 12, 16]), async ({ width, height, bits, samples }) => {
        const stream = encodeJpegLossless(samples, { width, height, bits, channels: 1, selection });
        const options = {
          transferSyntax: `1.2.840.10008.1.2.4.${selection === 1 ? 70 : 57}`,
          elements: imageElements(width, height, 'MONOCHROME2', undefined, depth(bits)),
          fragments: [stream],
        };
        expect(await levels(options, 2 ** bits - 1)).toEqual(samples);
      }),
      { numRuns: 25 },
    );
  });

  it('reads colours', async () => {
    await fc.assert(
      fc.asyncProperty(image([8], 3), async ({ width, height, bits, samples }) => {
        const stream = encodeJpegLossless(samples, { width, height, bits, channels: 3, selection: 1 });
        const lossless = { transferSyntax: '1.2.840.10008.1.2.4.70', fragments: [stream] };
        const native = imageElements(width, height, 'RGB', Uint8Array.from(samples));
        const compressed = imageElements(width, height, 'RGB', undefined);
        expect(await levels({ ...lossless, elements: compressed })).toEqual(await levels({ elements: native }));
      }),
      { numRuns: 25 },
    );
  });

  it('refuses a stream cut short', async () => {
    const samples = Array.from({ length: 400 }, (_, i) => (i * 97) % 256);
    const stream = encodeJpegLossless(samples, { width: 20, height: 20, bits: 8, channels: 1, selection: 1 });
    for (const length of [30, 60, 200, stream.length - 20]) {
      const options = {
        transferSyntax: '1.2.840.10008.1.2.4.70',
        elements: imageElements(20, 20, 'MONOCHROME2', undefined),
        fragments: [stream.subarray(0, length)],
      };
      await expect(decode(options), `${length} bytes`).rejects.toThrow(ImageError);
    }
  });
});

describe('JPEG-LS', () => {
  it('gives back any image', async () => {
    await fc.assert(
      fc.asyncProperty(image([8, 12, 16]), async ({ width, height, bits, samples }) => {
        const info = { width, height, bitsPerSample: bits, componentCount: 1 };
        const options = {
          transferSyntax: '1.2.840.10008.1.2.4.80',
          elements: imageElements(width, height, 'MONOCHROME2', undefined, depth(bits)),
          fragments: [encodeJpegLs(packed(samples, bits), info)],
        };
        expect(await levels(options, 2 ** bits - 1)).toEqual(samples);
      }),
      { numRuns: 8 },
    );
  });

  it.each([
    ['in planes', 0],
    ['by line', 1],
    ['by pixel', 2],
  ])('reads colours stored %s', async (_, interleave) => {
    const byPixel = Uint8Array.from({ length: 5 * 4 * 3 }, (_, i) => (i * 41) % 256);
    const byPlane = Uint8Array.from({ length: 60 }, (_, i) => byPixel[(i % 20) * 3 + Math.floor(i / 20)]);
    const info = { width: 5, height: 4, bitsPerSample: 8, componentCount: 3 };
    const stream = encodeJpegLs(interleave === 0 ? byPlane : byPixel, info, { interleave });
    const elements = imageElements(5, 4, 'RGB', undefined);
    const transferSyntax = '1.2.840.10008.1.2.4.80';
    expect(await levels({ transferSyntax, elements, fragments: [stream] })).toEqual(
      await levels({ elements: imageElements(5, 4, 'RGB', byPixel) }),
    );
  });

  it('keeps near-lossless samples as near as they were coded', async () => {
    const samples = Uint8Array.from({ length: 400 }, (_, i) => (i * i * 7) % 256);
    const stream = encodeJpegLs(samples, { width: 20, height: 20, bitsPerSample: 8, componentCount: 1 }, { near: 3 });
    const elements = imageElements(20, 20, 'MONOCHROME2', undefined);
    const decoded = await levels({ transferSyntax: '1.2.840.10008.1.2.4.81', elements, fragments: [stream] });
    const errors = decoded.map((value, i) => Math.abs(value - samples[i]));
    expect(Math.max(...errors)).toBeLessThanOrEqual(3);
    expect(Math.max(...errors)).toBeGreaterThan(0);
  });
});
