import { deflateSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeFrame, ImageError, openImage } from '../../src/images/index.js';

const write = (fields: Record<string, string>, data: Uint8Array): Uint8Array => {
  const lines = { ObjectType: 'Image', NDims: '2', ...fields, ElementDataFile: fields.ElementDataFile ?? 'LOCAL' };
  const text = Object.entries(lines)
    .filter(([key]) => key !== 'ElementDataFile')
    .map(([key, value]) => `${key} = ${value}\n`);
  return Uint8Array.from([
    ...new TextEncoder().encode(`${text.join('')}ElementDataFile = ${lines.ElementDataFile}\n`),
    ...data,
  ]);
};
const grey = Uint8Array.from([0, 50, 100, 150, 200, 255]);
const image = { DimSize: '3 2', ElementType: 'MET_UCHAR' };
const levels = async (bytes: Uint8Array, top = 255) =>
  Array.from((await decodeFrame(bytes, 'a.mha')).pixels, (v) => Math.round(v * top));

describe('decodeFrame on MetaImage', () => {
  it('reads plain and compressed samples alike', async () => {
    const frame = await decodeFrame(write(image, grey), 'a.mha');
    expect([frame.width, frame.height]).toEqual([3, 2]);
    expect(await levels(write(image, grey))).toEqual([...grey]);
    expect(await levels(write({ ...image, CompressedData: 'True' }, deflateSync(grey)))).toEqual([...grey]);
  });

  it('reads 16 bits in either byte order', async () => {
    const wide = { DimSize: '2 1', ElementType: 'MET_USHORT' };
    expect(await levels(write(wide, Uint8Array.from([1, 2, 255, 255])), 65535)).toEqual([513, 65535]);
    const swapped = { ...wide, BinaryDataByteOrderMSB: 'True' };
    expect(await levels(write(swapped, Uint8Array.from([1, 2, 255, 255])), 65535)).toEqual([258, 65535]);
  });

  it('takes three slices for colour planes, and three channels for colour by pixel', async () => {
    const planes = Uint8Array.from([255, 10, 0, 20, 0, 30]);
    const pixels = Uint8Array.from([255, 0, 0, 10, 20, 30]);
    expect(await levels(write({ ...image, DimSize: '2 1 3' }, planes))).toEqual([76, 18]);
    expect(await levels(write({ ...image, DimSize: '2 1', ElementNumberOfChannels: '3' }, pixels))).toEqual([76, 18]);
  });

  it('gives the spacing, unless it is the 1 that stands for unknown', async () => {
    const spaced = await decodeFrame(write({ ...image, ElementSpacing: '0.2 0.3' }, grey), 'a.mha');
    expect(spaced.spacing).toEqual({ x: 0.2, y: 0.3 });
    expect((await decodeFrame(write({ ...image, ElementSpacing: '1 1' }, grey), 'a.mha')).spacing).toBeUndefined();
  });

  it.each([
    ['truncated', write(image, grey.subarray(0, 5)), '3×2 pixels need 6 bytes, the file has 5'],
    ['huge', write({ ...image, DimSize: '60000 50000' }, grey), '3000 megapixels'],
    ['of floats', write({ ...image, ElementType: 'MET_FLOAT' }, grey), '1 channels of MET_FLOAT is not supported'],
    [
      'in two files',
      write({ ...image, ElementDataFile: 'a.raw' }, grey),
      'in another file (a.raw), which is not read here',
    ],
    ['headless', new TextEncoder().encode('ObjectType = Image\nDimSize = 3 2\n'), 'no ElementDataFile line'],
    ['a bomb', write({ ...image, CompressedData: 'True' }, deflateSync(new Uint8Array(1e6))), 'truncated or damaged'],
  ])('refuses one that is %s', async (_, bytes, words) => {
    const error = await decodeFrame(bytes, 'a.mha').catch((e: unknown) => e);
    expect(error).toBeInstanceOf(ImageError);
    expect((error as ImageError).message).toContain(words);
  });

  describe('a header with its samples in a file beside it', () => {
    const header = (fields: Record<string, string> = {}) =>
      write({ ...image, ElementDataFile: 'grey.raw', ...fields }, new Uint8Array());
    const folder = (files: Record<string, Uint8Array>) => async (name: string) => files[name];
    const read = async (fields: Record<string, string>, files: Record<string, Uint8Array>) =>
      Array.from((await decodeFrame(header(fields), 'a.mhd', folder(files))).pixels, (v) => Math.round(v * 255));

    it('is read, plain and compressed', async () => {
      expect(await read({}, { 'grey.raw': grey })).toEqual([...grey]);
      const packed = { CompressedData: 'True', CompressedDataSize: '14', ElementDataFile: 'grey.zraw' };
      expect(await read(packed, { 'grey.zraw': deflateSync(grey), 'grey.raw': new Uint8Array(6) })).toEqual([...grey]);
    });

    it('may end without a newline, and with one of Windows', async () => {
      const text = (end: string) =>
        new TextEncoder().encode(
          `ObjectType = Image\r\nDimSize = 3 2\r\nElementType = MET_UCHAR\r\nElementDataFile = my grey.raw${end}`,
        );
      for (const end of ['', '\n', '\r\n']) {
        const frame = await decodeFrame(text(end), 'a.mhd', folder({ 'my grey.raw': grey }));
        expect(frame.pixels[5]).toBe(1);
      }
    });

    it('skips the bytes in front of the samples, or takes the last ones', async () => {
      const preceded = { 'grey.raw': Uint8Array.from([9, 9, 9, ...grey]) };
      expect(await read({ HeaderSize: '3' }, preceded)).toEqual([...grey]);
      expect(await read({ HeaderSize: '-1' }, preceded)).toEqual([...grey]);
    });

    it('has frames and spacing like any other', async () => {
      const stack = header({ DimSize: '3 2 2', ElementSpacing: '0.2 0.3 1' });
      const file = await openImage(
        stack,
        'a.mhd',
        folder({ 'grey.raw': Uint8Array.from([...grey, ...[...grey].reverse()]) }),
      );
      expect([file.frameCount, file.format]).toEqual([2, 'MetaImage']);
      const second = await file.decode(1);
      expect([second.pixels[0], second.spacing]).toEqual([1, { x: 0.2, y: 0.3 }]);
    });

    it.each<[string, Record<string, string>, Record<string, Uint8Array>, string]>([
      ['not there', {}, {}, 'its samples are in grey.raw, which was not given; give both files together'],
      [
        'cut short',
        {},
        { 'grey.raw': grey.subarray(0, 4) },
        '3×2 pixels need 6 bytes, grey.raw has 4; it is truncated',
      ],
      ['empty', {}, { 'grey.raw': new Uint8Array() }, 'need 6 bytes, grey.raw has 0'],
      ['elsewhere', { ElementDataFile: '../../etc/passwd' }, {}, 'only a file in the same folder is read'],
      ['on another drive', { ElementDataFile: 'C:\\grey.raw' }, {}, 'only a file in the same folder is read'],
      ['without a name', { ElementDataFile: '' }, {}, 'only a file in the same folder is read'],
      ['a list', { ElementDataFile: 'LIST' }, {}, 'spread over several files (ElementDataFile = LIST)'],
      ['numbered', { ElementDataFile: 'grey%03d.raw 1 10 1' }, {}, 'spread over several files'],
      [
        'shorter than its header',
        { HeaderSize: '7' },
        { 'grey.raw': grey },
        'HeaderSize is 7, and grey.raw has 6 bytes',
      ],
      ['behind no number', { HeaderSize: 'x' }, { 'grey.raw': grey }, 'HeaderSize is NaN'],
      [
        'a bomb',
        { CompressedData: 'True' },
        { 'grey.raw': deflateSync(new Uint8Array(1e6)) },
        'more than the 6 bytes that the header announces',
      ],
    ])('is refused with samples that are %s', async (_, fields, files, words) => {
      const error = await decodeFrame(header(fields), 'a.mhd', folder(files)).catch((e: unknown) => e);
      expect(error).toBeInstanceOf(ImageError);
      expect((error as ImageError).message).toMatch(/^a\.mhd: [^\n]+\.$/);
      expect((error as ImageError).message).toContain(words);
    });

    it('opens no samples of an image that is too large', async () => {
      const opened = decodeFrame(header({ DimSize: '60000 50000' }), 'a.mhd', () => expect.unreachable());
      await expect(opened).rejects.toThrow('3000 megapixels');
    });
  });

  it('damaged throws nothing but ImageError', async () => {
    const whole = write({ ...image, CompressedData: 'True' }, deflateSync(grey));
    const edits = fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { minLength: 1, maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(edits, async (changes) => {
        const damaged = Uint8Array.from(whole);
        for (const [at, value] of changes) damaged[at] = value;
        const result = await decodeFrame(damaged, 'a.mha').catch((e: unknown) => e);
        if (result instanceof Error) expect(result).toBeInstanceOf(ImageError);
      }),
      { numRuns: 300 },
    );
  });
});
