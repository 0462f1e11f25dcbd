import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { decodeFrame, ImageError, openImage } from '../../src/images/index.js';
import { type DicomElement, imageElements, join, writeDicom } from './dicom-writer.js';

const BASELINE = '1.2.840.10008.1.2.4.50';
const SIDE = 32;
const RAMP = Array.from({ length: SIDE }, (_, x) => x / (SIDE - 1));

/** A horizontal ramp of greys as YCbCr, without the segments that would say so. */
async function ramp(chromaSubsampling: '4:4:4' | '4:2:0', channels: 1 | 3 = 3): Promise<Uint8Array> {
  const pixels = new Uint8Array(SIDE * SIDE * channels);
  for (let i = 0; i < SIDE * SIDE; i++) {
    pixels.fill(Math.round(255 * RAMP[i % SIDE]), channels * i, channels * (i + 1));
  }
  const image = sharp(pixels, { raw: { width: SIDE, height: SIDE, channels } });
  if (channels === 1) image.toColourspace('b-w');
  return withoutDeclaration(new Uint8Array(await image.jpeg({ quality: 95, chromaSubsampling }).toBuffer()));
}

/** Without APP0 and APP14 segments. */
function withoutDeclaration(stream: Uint8Array): Uint8Array {
  const parts = [stream.subarray(0, 2)];
  let at = 2;
  while (stream[at + 1] !== 0xda) {
    const end = at + 2 + stream[at + 2] * 256 + stream[at + 3];
    if (stream[at + 1] !== 0xe0 && stream[at + 1] !== 0xee) parts.push(stream.subarray(at, end));
    at = end;
  }
  return join([...parts, stream.subarray(at)]);
}

const segment = (marker: number, ...content: number[]) =>
  Uint8Array.from([0xff, marker, 0, content.length + 2, ...content]);
const letters = (text: string) => [...text].map((letter) => letter.charCodeAt(0));
const JFIF = segment(0xe0, ...letters('JFIF'), 0, 1, 1, 0, 0, 1, 0, 1, 0, 0);
const adobe = (transform: number) => segment(0xee, ...letters('Adobe'), 0, 100, 0, 0, 0, 0, transform);
const declaring = (stream: Uint8Array, declaration: Uint8Array) =>
  join([stream.subarray(0, 2), declaration, stream.subarray(2)]);

const decode = async (photometric: string, stream: Uint8Array) => {
  const elements = imageElements(SIDE, SIDE, photometric, undefined);
  const { pixels } = await decodeFrame(writeDicom({ transferSyntax: BASELINE, elements, fragments: [stream] }), 'a');
  return Array.from(pixels.subarray(0, SIDE));
};
const within = (expected: readonly number[]) => expected.map((value) => expect.closeTo(value, 1.6));

/** Y, Cb and Cr of the ramp taken for red, green and blue. */
const misread = RAMP.map((y) => 0.299 * y + (0.701 * 128) / 255);

describe('the colours of a JPEG', () => {
  const streams = {
    'says nothing': async () => ramp('4:4:4'),
    'is subsampled': async () => ramp('4:2:0'),
    'has JFIF': async () => declaring(await ramp('4:4:4'), JFIF),
    'has Adobe YCbCr': async () => declaring(await ramp('4:4:4'), adobe(1)),
    'has Adobe RGB': async () => declaring(await ramp('4:4:4'), adobe(0)),
  };
  const labels = ['RGB', 'YBR_FULL', 'YBR_FULL_422'];

  it.each(Object.keys(streams).flatMap((stream) => labels.map((label) => [stream, label])))(
    'that %s are the stream’s own under the label %s',
    async (name, label) => {
      const shown = await decode(label, await streams[name as keyof typeof streams]());
      // The label counts only where the stream says nothing.
      const rgb = name === 'has Adobe RGB' || (name === 'says nothing' && label === 'RGB');
      expect(shown).toEqual(within(rgb ? misread : RAMP));
      expect(Math.abs(shown[0] - shown[SIDE - 1])).toBeCloseTo(rgb ? 0.299 : 1, 1);
    },
  );

  it('of one component are grey under a label of greyscale, and those of three are refused', async () => {
    expect(await decode('MONOCHROME2', await ramp('4:4:4', 1))).toEqual(within(RAMP));
    await expect(decode('MONOCHROME2', await ramp('4:4:4'))).rejects.toThrow(
      'the DICOM header says MONOCHROME2, its compressed image has 3 components',
    );
  });
});

describe('an extended offset table', () => {
  const grey = async (shade: number) => {
    const pixels = new Uint8Array(256).fill(shade);
    const image = sharp(pixels, { raw: { width: 16, height: 16, channels: 1 } }).toColourspace('b-w');
    return new Uint8Array(await image.jpeg().toBuffer());
  };
  const even = (stream: Uint8Array) => join([stream, new Uint8Array(stream.length % 2)]);
  const words64 = (values: readonly number[]) => new Uint8Array(BigUint64Array.from(values, BigInt).buffer);

  it('tells which fragments are a frame', async () => {
    const [first, second] = [even(await grey(40)), even(await grey(210))];
    const cut = (first.length >> 2) << 1;
    const fragments = [first.subarray(0, cut), first.subarray(cut), second];
    const elements: DicomElement[] = [
      ...imageElements(16, 16, 'MONOCHROME2', undefined, [[0x00280008, 'IS', '2']]),
      [0x7fe00001, 'OV', words64([0, first.length + 16])],
      [0x7fe00002, 'OV', words64([first.length, second.length])],
    ];
    const bytes = writeDicom({ transferSyntax: BASELINE, elements, fragments });
    const untouched = bytes.slice();
    const file = await openImage(bytes, 'a');
    for (const [index, shade] of [40, 210].entries()) {
      expect((await file.decode(index)).pixels[0]).toBeCloseTo(shade / 255, 2);
    }
    expect(bytes).toEqual(untouched);
  });
});

describe('the pixel aspect ratio', () => {
  const open = (...more: DicomElement[]) =>
    decodeFrame(writeDicom({ elements: imageElements(2, 1, 'MONOCHROME2', Uint8Array.of(1, 2), more) }), 'a');

  it('is that of height to width, where pixels are not square and their size is unknown', async () => {
    expect((await open([0x00280034, 'IS', '3\\2'])).pixelAspectRatio).toBe(1.5);
    expect((await open([0x00280034, 'IS', '4\\4'])).pixelAspectRatio).toBeUndefined();
    expect((await open()).pixelAspectRatio).toBeUndefined();
    const sized = await open([0x00280034, 'IS', '3\\2'], [0x00280030, 'DS', '0.3\\0.2']);
    expect([sized.pixelAspectRatio, sized.spacing]).toEqual([undefined, { x: 0.2, y: 0.3 }]);
  });

  it.each(['0\\1', '1', 'a\\b', '1.5\\1'])('is refused where it is %s', async (text) => {
    await expect(open([0x00280034, 'IS', text])).rejects.toBeInstanceOf(ImageError);
  });
});
