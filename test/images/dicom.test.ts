import { existsSync, readdirSync, readFileSync } from 'node:fs';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { decodeFrame, type Frame, ImageError, openImage } from '../../src/images/index.js';
import { type DicomOptions, IMPLICIT, imageElements, words, writeDicom } from './dicom-writer.js';

const decode = (options: DicomOptions) => decodeFrame(writeDicom(options), 'frame.dcm');
const levels = (frame: Frame, top = 255) => Array.from(frame.pixels, (v) => Math.round(v * top));
const refusal = async (options: DicomOptions) => {
  const error = await decode(options).catch((e: unknown) => e);
  expect(error).toBeInstanceOf(ImageError);
  return (error as ImageError).message;
};
const grey = Uint8Array.from([0, 50, 100, 150, 200, 255]);

describe('decodeFrame on uncompressed DICOM', () => {
  it.each([IMPLICIT, undefined])('reads greyscale (transfer syntax %s)', async (transferSyntax) => {
    const frame = await decode({ transferSyntax, elements: imageElements(3, 2, 'MONOCHROME2', grey) });
    expect([frame.width, frame.height, ...levels(frame)]).toEqual([3, 2, ...grey]);
  });

  it('inverts MONOCHROME1', async () => {
    const frame = await decode({ elements: imageElements(3, 2, 'MONOCHROME1', grey) });
    expect(levels(frame)).toEqual([255, 205, 155, 105, 55, 0]);
  });

  it('reads the first of several frames', async () => {
    const elements = imageElements(3, 1, 'MONOCHROME2', grey, [[0x00280008, 'IS', '2']]);
    expect(levels(await decode({ elements }))).toEqual([0, 50, 100]);
  });

  it('reads RGB by pixel and by plane alike', async () => {
    const byPixel = Uint8Array.from([255, 0, 0, 0, 255, 0, 10, 20, 30, 7, 7, 7]);
    const byPlane = Uint8Array.from([255, 0, 10, 7, 0, 255, 20, 7, 0, 0, 30, 7]);
    const a = await decode({ elements: imageElements(2, 2, 'RGB', byPixel, [[0x00280006, 'US', 0]]) });
    const b = await decode({ elements: imageElements(2, 2, 'RGB', byPlane, [[0x00280006, 'US', 1]]) });
    expect(levels(a)).toEqual([76, 150, 18, 7]);
    expect(b.pixels).toEqual(a.pixels);
  });

  it('takes Y from YBR_FULL and from YBR_FULL_422', async () => {
    const full = Uint8Array.from([10, 128, 128, 20, 1, 2, 30, 3, 4, 40, 5, 6]);
    const halved = Uint8Array.from([10, 20, 128, 1, 30, 40, 2, 3]);
    expect(levels(await decode({ elements: imageElements(2, 2, 'YBR_FULL', full) }))).toEqual([10, 20, 30, 40]);
    expect(levels(await decode({ elements: imageElements(2, 2, 'YBR_FULL_422', halved) }))).toEqual([10, 20, 30, 40]);
  });

  it('reads 12 stored bits of 16, without what lies above them', async () => {
    const elements = imageElements(2, 1, 'MONOCHROME2', words([0xf800, 0x0fff]), [
      [0x00280100, 'US', 16],
      [0x00280101, 'US', 12],
      [0x00280102, 'US', 11],
    ]);
    expect(levels(await decode({ elements }), 4095)).toEqual([2048, 4095]);
  });

  it('reads signed samples over their range', async () => {
    const elements = imageElements(3, 1, 'MONOCHROME2', words([-32768, 0, 32767]), [
      [0x00280100, 'US', 16],
      [0x00280101, 'US', 16],
      [0x00280102, 'US', 15],
      [0x00280103, 'US', 1],
    ]);
    expect(levels(await decode({ elements }), 65535)).toEqual([0, 32768, 65535]);
  });

  it('applies slope, intercept and window (PS3.3 C.11.2.1.2)', async () => {
    const elements = imageElements(4, 1, 'MONOCHROME2', Uint8Array.from([0, 50, 75, 200]), [
      [0x00281050, 'DS', '100.5'],
      [0x00281051, 'DS', '101'],
      [0x00281052, 'DS', '-50'],
      [0x00281053, 'DS', '2'],
    ]);
    // 2v − 50 is −50, 50, 100, 350; the window runs from 50 to 150.
    const { pixels } = await decode({ elements });
    expect([...pixels]).toEqual([0, 0, 0.5, 1]);
  });

  it('looks up PALETTE COLOR, plain and segmented', async () => {
    const tables = (shift: number, table: Uint8Array) => [0, 1, 2].map((c) => [shift + c, 'OW', table] as const);
    const descriptors = [0, 1, 2].map((c) => [0x00281101 + c, 'US', words([4, 1, 16])] as const);
    const indices = Uint8Array.from([0, 1, 2, 3, 4, 9]);
    const plain = imageElements(3, 2, 'PALETTE COLOR', indices, [
      ...descriptors,
      ...tables(0x00281201, words([0, 20_000, 40_000, 60_000])),
    ]);
    // Literal 0, then a straight run of three entries up to 60,000.
    const segmented = imageElements(3, 2, 'PALETTE COLOR', indices, [
      ...descriptors,
      ...tables(0x00281221, words([0, 1, 0, 1, 3, 60_000])),
    ]);
    const expected = [0, 0, 20_000, 40_000, 60_000, 60_000];
    expect(levels(await decode({ elements: plain }), 65_535)).toEqual(expected);
    expect(levels(await decode({ elements: segmented }), 65_535)).toEqual(expected);
  });

  it('gives the spacing as x, y though the file gives rows first', async () => {
    const elements = imageElements(3, 2, 'MONOCHROME2', grey, [[0x00280030, 'DS', '0.25\\0.5']]);
    expect((await decode({ elements })).spacing).toEqual({ x: 0.5, y: 0.25 });
  });
});

describe('decodeFrame on compressed DICOM', () => {
  const transferSyntax = '1.2.840.10008.1.2.4.50';
  const flat = async (shade: number) => {
    const pixels = new Uint8Array(256).fill(shade);
    return new Uint8Array(
      await sharp(pixels, { raw: { width: 16, height: 16, channels: 1 } })
        .toColourspace('b-w')
        .jpeg()
        .toBuffer(),
    );
  };
  const elements = imageElements(16, 16, 'MONOCHROME2', undefined, [[0x00280008, 'IS', '2']]);

  it('reads the first JPEG frame, with and without an offset table, split or whole', async () => {
    const first = await flat(200);
    const second = await flat(20);
    const cut = (first.length >> 2) * 2;
    const halves = [first.subarray(0, cut), first.subarray(cut)];
    const lengths = halves.map((half) => 8 + half.length + (half.length % 2));
    const whole = await decode({ transferSyntax, elements, fragments: [first, second] });
    const split = await decode({
      transferSyntax,
      elements,
      fragments: [...halves, second],
      offsets: [0, lengths[0] + lengths[1]],
    });
    expect(levels(whole)).toEqual(new Array(256).fill(200));
    expect(split.pixels).toEqual(whole.pixels);
  });

  it('inverts a compressed MONOCHROME1', async () => {
    const inverted = imageElements(16, 16, 'MONOCHROME1', undefined);
    expect(levels(await decode({ transferSyntax, elements: inverted, fragments: [await flat(200)] }))[0]).toBe(55);
  });

  it('does not mistake R, G, B for Y, Cb, Cr', async () => {
    const pixels = Uint8Array.from({ length: 768 }, (_, i) => [200, 40, 90][i % 3]);
    const stream = new Uint8Array(
      await sharp(pixels, { raw: { width: 16, height: 16, channels: 3 } })
        .jpeg({ quality: 100, chromaSubsampling: '4:4:4' })
        .toBuffer(),
    );
    // The same stream declared RGB holds other colours: its components are then the colour itself.
    const asYbr = await decode({
      transferSyntax,
      elements: imageElements(16, 16, 'YBR_FULL', undefined),
      fragments: [stream],
    });
    expect(levels(asYbr)[0]).toBeCloseTo(0.299 * 200 + 0.587 * 40 + 0.114 * 90, -0.5);
    const asRgb = await decode({
      transferSyntax,
      elements: imageElements(16, 16, 'RGB', undefined),
      fragments: [stream],
    });
    const [y, cb, cr] = [93.5, 128 + 0.564 * (90 - 93.5), 128 + 0.713 * (200 - 93.5)];
    expect(Math.abs(levels(asRgb)[0] - (0.299 * y + 0.587 * cb + 0.114 * cr))).toBeLessThan(2.5);
  });

  it('refuses a stream of another size than the header says', async () => {
    const wrong = imageElements(32, 16, 'MONOCHROME2', undefined);
    expect(await refusal({ transferSyntax, elements: wrong, fragments: [await flat(1)] })).toContain('32×16 pixels');
  });
});

describe('decodeFrame on DICOM that cannot be read', () => {
  it('names a refused transfer syntax and the remedy', async () => {
    const elements = imageElements(3, 2, 'MONOCHROME2', grey);
    for (const [syntax, label] of [
      ['1.2.840.10008.1.2.4.102', 'MPEG-4 video'],
      ['1.2.840.10008.1.2.4.201', 'high-throughput JPEG 2000'],
      ['9.9.9', 'transfer syntax 9.9.9'],
    ]) {
      const message = await refusal({ transferSyntax: syntax, elements });
      expect(message).toContain(label);
      expect(message).toContain('gdcmconv --raw');
    }
  });

  it('stays on one line whatever the file says', async () => {
    const elements = imageElements(3, 2, 'MONOCHROME2', grey);
    expect(await refusal({ transferSyntax: '1.2\n\u001b[31m3', elements })).toContain(
      'transfer syntax 1.2 [31m3 is not supported',
    );
  });

  it('gives the sizes where pixel data are too short', async () => {
    const message = await refusal({ elements: imageElements(3, 4, 'MONOCHROME2', grey) });
    expect(message).toContain('3×4×1 samples of 8 bits are 12 bytes, the file has 6');
  });

  it.each([
    ['no pixel data', imageElements(3, 2, 'MONOCHROME2', undefined), 'no pixel data'],
    ['32-bit samples', imageElements(3, 2, 'MONOCHROME2', grey, [[0x00280100, 'US', 32]]), '8 and 16 allocated bits'],
    ['another colour model', imageElements(3, 2, 'HSV', new Uint8Array(18)), 'photometric interpretation HSV'],
    ['an absurd size', imageElements(60_000, 50_000, 'MONOCHROME2', grey), '3000 megapixels'],
    ['a palette without tables', imageElements(3, 2, 'PALETTE COLOR', grey), 'lookup tables'],
  ])('refuses %s', async (_, elements, words) => {
    expect(await refusal({ elements })).toContain(words);
  });
});

const fixtures = new URL('../../../../shared/fixtures/dicom/', import.meta.url);

describe.skipIf(!existsSync(fixtures))('decodeFrame on real ultrasound (shared/fixtures/dicom)', () => {
  it('opens every file of the folder', async () => {
    const files = readdirSync(fixtures).filter((file) => file.endsWith('.dcm'));
    expect(files.length).toBeGreaterThanOrEqual(3);
    for (const file of files) {
      const image = await openImage(new Uint8Array(readFileSync(new URL(file, fixtures))), file);
      const { width, height, pixels } = await image.decode(image.frameCount - 1);
      expect(pixels.length, file).toBe(width * height);
      // A picture, and not one shade.
      expect(new Set(pixels).size, file).toBeGreaterThan(50);
    }
  });

  const open = (file: string) => decodeFrame(new Uint8Array(readFileSync(new URL(file, fixtures))), file);
  const at = (frame: Frame, x: number, y: number) => frame.pixels[y * frame.width + x];

  it('opens JPEG 2000 lossless: black margin, white text, a colour box with a white rim', async () => {
    const frame = await open('US1_J2KR.dcm');
    expect([frame.width, frame.height]).toEqual([640, 480]);
    expect(at(frame, 5, 5)).toBe(0);
    expect(at(frame, 200, 148)).toBeGreaterThan(0.9);
    expect(frame.spacing).toBeUndefined();
  });

  it('opens explicit little endian by plane: a fan on dark grey', async () => {
    const frame = await open('color-pl.dcm');
    expect([frame.width, frame.height]).toEqual([256, 120]);
    const mean = frame.pixels.reduce((sum, v) => sum + v, 0) / frame.pixels.length;
    expect(mean).toBeGreaterThan(0.1);
    expect(mean).toBeLessThan(0.35);
    // Neighbours are alike in a picture; planes taken for pixels would be striped.
    let rough = 0;
    for (let i = 1; i < frame.pixels.length; i++) rough += Math.abs(frame.pixels[i] - frame.pixels[i - 1]);
    expect(rough / frame.pixels.length).toBeLessThan(0.03);
  });

  it('opens 16-bit PALETTE COLOR with segmented tables, and its scale', async () => {
    const frame = await open('gdcm-US-ALOKA-16.dcm');
    expect([frame.width, frame.height]).toEqual([640, 480]);
    expect(frame.spacing?.x).toBeCloseTo(0.3826530650258064, 12);
    expect(frame.spacing?.y).toBeCloseTo(0.3826530650258064, 12);
    // The grey wedge at the left falls from white to black; the full bladder is black.
    expect(at(frame, 48, 44)).toBeGreaterThan(0.8);
    expect(at(frame, 48, 99)).toBeLessThan(0.15);
    expect(at(frame, 150, 180)).toBeLessThan(0.05);
  });
});
