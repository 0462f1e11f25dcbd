import { deflateSync } from 'node:zlib';
import fc from 'fast-check';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import {
  encodeGreyJpeg,
  encodeGreyPng,
  ImageError,
  type ImageFile,
  ImageTooLargeError,
  openImage,
  UnsupportedImageError,
} from '../../src/images/index.js';
import { imageElements, writeDicom } from './dicom-writer.js';

const levels = async (file: ImageFile, index?: number) =>
  Array.from((await file.decode(index)).pixels, (value) => Math.round(value * 255));
const flat = (shade: number) => ({ width: 8, height: 8, pixels: new Uint8Array(64).fill(shade) });

/** A MetaImage stack of 2×1 slices. */
function stack(slices: readonly (readonly number[])[], compressed = false): Uint8Array {
  const samples = Uint8Array.from(slices.flat());
  const header =
    `ObjectType = Image\nNDims = 3\nDimSize = 2 1 ${slices.length}\nElementType = MET_UCHAR\n` +
    `CompressedData = ${compressed ? 'True' : 'False'}\nElementDataFile = LOCAL\n`;
  return Uint8Array.from([...new TextEncoder().encode(header), ...(compressed ? deflateSync(samples) : samples)]);
}

describe('openImage', () => {
  it('tells size and number of frames without decoding', async () => {
    const png = await openImage(await encodeGreyPng(flat(9)), 'a');
    expect(png).toMatchObject({ format: 'PNG', width: 8, height: 8, frameCount: 1 });
    const jpeg = await openImage(await encodeGreyJpeg({ width: 9, height: 7, pixels: new Uint8Array(63) }, 80), 'a');
    expect(jpeg).toMatchObject({ format: 'JPEG', width: 9, height: 7, frameCount: 1 });
    // The pixels of this one end after the header: opening it does not look at them.
    const dicom = writeDicom({
      elements: imageElements(500, 400, 'MONOCHROME2', new Uint8Array(2), [[0x00280008, 'IS', '10000']]),
    });
    expect(await openImage(dicom, 'a')).toMatchObject({ format: 'DICOM', width: 500, height: 400, frameCount: 10_000 });
  });

  it('decodes any frame of uncompressed DICOM', async () => {
    const pixels = Uint8Array.from([0, 10, 20, 30, 40, 50]);
    const elements = imageElements(2, 1, 'MONOCHROME2', pixels, [[0x00280008, 'IS', '3']]);
    const file = await openImage(writeDicom({ elements }), 'a');
    expect(file.frameCount).toBe(3);
    expect([await levels(file), await levels(file, 1), await levels(file, 2)]).toEqual([
      [0, 10],
      [20, 30],
      [40, 50],
    ]);
  });

  it('decodes any frame of encapsulated DICOM, with a table of offsets and without', async () => {
    const frames = await Promise.all([40, 120, 200].map((shade) => encodeGreyJpeg(flat(shade), 95)));
    const halves = frames.flatMap((frame) => [frame.subarray(0, 200), frame.subarray(200)]);
    // Items of a fragment sequence have 8 bytes before their data, which are padded to an even length.
    const sizes = halves.map((half) => 8 + half.length + (half.length % 2));
    const offsets = [0, sizes[0] + sizes[1], sizes[0] + sizes[1] + sizes[2] + sizes[3]];
    const elements = imageElements(8, 8, 'MONOCHROME2', undefined, [[0x00280008, 'IS', '3']]);
    const transferSyntax = '1.2.840.10008.1.2.4.50';
    for (const options of [{ fragments: frames }, { fragments: halves, offsets }]) {
      const file = await openImage(writeDicom({ transferSyntax, elements, ...options }), 'a');
      for (const [index, shade] of [40, 120, 200].entries()) {
        expect(Math.abs((await levels(file, index))[20] - shade)).toBeLessThan(3);
      }
    }
  });

  it.each([false, true])('decodes any slice of a MetaImage stack (compressed: %s)', async (compressed) => {
    const slices = Array.from({ length: 40 }, (_, i) => [i, 255 - i]);
    const file = await openImage(stack(slices, compressed), 'a.mha');
    expect(file.frameCount).toBe(40);
    for (const index of [0, 1, 17, 39]) expect(await levels(file, index)).toEqual(slices[index]);
  });

  it('names a frame that is not there', async () => {
    const file = await openImage(
      stack([
        [1, 2],
        [3, 4],
      ]),
      'a.mha',
    );
    await expect(file.decode(2)).rejects.toThrow('a.mha: there is no frame 3, the file has 2; choose one of these.');
    await expect(file.decode(-1)).rejects.toThrow(ImageError);
    await expect(file.decode(0.5)).rejects.toThrow(ImageError);
  });

  it('refuses a frame that the file announces and does not hold', async () => {
    const elements = imageElements(2, 1, 'MONOCHROME2', Uint8Array.from([1, 2]), [[0x00280008, 'IS', '9']]);
    const file = await openImage(writeDicom({ elements }), 'a.dcm');
    expect(await levels(file)).toEqual([1, 2]);
    await expect(file.decode(8)).rejects.toThrow('it is truncated');
  });

  it('tells what it cannot read from what is too large and from what is damaged', async () => {
    await expect(openImage(new TextEncoder().encode('GIF89a'), 'a')).rejects.toThrow(UnsupportedImageError);
    const video = writeDicom({
      transferSyntax: '1.2.840.10008.1.2.4.102',
      elements: imageElements(2, 1, 'MONOCHROME2', new Uint8Array(2)),
    });
    await expect(openImage(video, 'a')).rejects.toThrow(UnsupportedImageError);
    const huge = stack([[1, 2]]);
    const grown = new TextEncoder().encode(new TextDecoder().decode(huge).replace('2 1 1', '20000 20000 1'));
    await expect(openImage(grown, 'a')).rejects.toThrow(ImageTooLargeError);
    const damaged = await openImage(new Uint8Array(0), 'a').catch((error: unknown) => error);
    expect(damaged).toBeInstanceOf(ImageError);
    expect(damaged).not.toBeInstanceOf(UnsupportedImageError);
  });

  it('refuses a JPEG in DICOM that would decode to another size, before it does', async () => {
    const stream = await encodeGreyJpeg(flat(9), 90);
    const grown = Uint8Array.from(stream);
    const header = grown.findIndex((byte, i) => byte === 0xff && grown[i + 1] === 0xc0);
    new DataView(grown.buffer).setUint16(header + 5, 9_000);
    const file = await openImage(
      writeDicom({
        transferSyntax: '1.2.840.10008.1.2.4.50',
        elements: imageElements(8, 8, 'MONOCHROME2', undefined),
        fragments: [grown],
      }),
      'a.dcm',
    );
    await expect(file.decode()).rejects.toThrow('its compressed image has 8×9000');
  });

  it('finds the size of any JPEG or PNG, or says that there is none', async () => {
    const size = fc.record({ width: fc.integer({ min: 1, max: 40 }), height: fc.integer({ min: 1, max: 40 }) });
    await fc.assert(
      fc.asyncProperty(size, fc.boolean(), fc.nat(), async ({ width, height }, progressive, cut) => {
        const image = sharp({ create: { width, height, channels: 3, background: '#123456' } });
        const bytes = await (progressive ? image.jpeg({ progressive: true }) : image.png()).toBuffer();
        expect(await openImage(bytes, 'a')).toMatchObject({ width, height });
        const result = await openImage(bytes.subarray(0, 4 + (cut % 16)), 'a').catch((error: unknown) => error);
        expect(result).toBeInstanceOf(ImageError);
      }),
      { numRuns: 20 },
    );
  });
});
