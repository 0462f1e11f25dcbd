import sharp, { type Sharp } from 'sharp';
import { describe, expect, it } from 'vitest';
import { decodeSamples } from '../../src/images/codecs-node.js';
import { ImageError } from '../../src/images/errors.js';
import { luminance } from '../../src/images/frame.js';
import { decodePng } from '../../src/images/png.js';
import type { RasterSamples } from '../../src/images/raster-samples.js';
import { chunk, exif, png, tiffOrientation, writePng } from './png-writer.js';

/** Greys in [0, 1], as `decodeRaster` makes them. */
const greys = ({ width, height, channels, samples }: RasterSamples) =>
  luminance(samples, channels, width * height, 1 / (samples instanceof Uint16Array ? 65535 : 255));

const colours = Uint8Array.from({ length: 20 * 9 * 4 }, (_, i) => (i * 7919) % 256);
const rgba = () => sharp(colours, { raw: { width: 20, height: 9, channels: 4 } });
const grey = () => rgba().removeAlpha().greyscale().toColourspace('b-w');
const levels = Uint16Array.from({ length: 20 * 9 }, (_, i) => (i * 40_503) % 65_536);
const wide = (colourspace: string) =>
  sharp(levels, { raw: { width: 20, height: 9, channels: 1 } }).toColourspace(colourspace);

const kinds: Record<string, Sharp> = {
  'grey, 8 bits': grey().png(),
  'grey, interlaced': grey().png({ progressive: true }),
  'grey, 16 bits': wide('grey16').png(),
  'colour, 16 bits': wide('rgb16').png(),
  'colour with alpha': rgba().png(),
  'grey with alpha': rgba().greyscale().toColourspace('b-w').png(),
  'palette of 256': rgba().removeAlpha().png({ palette: true, colours: 200 }),
  'palette of 4': rgba().removeAlpha().png({ palette: true, colours: 4 }),
  'palette of 2, with a profile': rgba().removeAlpha().withIccProfile('p3').png({ palette: true, colours: 2 }),
};

describe('decodePng, which stands in for sharp in a browser', () => {
  it.each(Object.entries(kinds))('gives the same values as sharp: %s', async (_, image) => {
    const bytes = new Uint8Array(await image.toBuffer());
    const own = await decodePng(bytes, 'a.png');
    const reference = await decodeSamples(bytes, 'a.png');
    expect([own.width, own.height]).toEqual([20, 9]);
    expect(own.samples.BYTES_PER_ELEMENT).toBe(reference.samples.BYTES_PER_ELEMENT);
    expect(greys(own)).toEqual(greys(reference));
  });

  it.each([1, 2, 4])('unpacks greys of %s bits', async (depth) => {
    const largest = 2 ** depth - 1;
    const wanted = Array.from({ length: 11 * 2 }, (_, i) => i % (largest + 1));
    const rows = [0, 1].map((y) => {
      const row = new Uint8Array(1 + Math.ceil((11 * depth) / 8));
      for (let x = 0; x < 11; x++) row[1 + ((x * depth) >> 3)] |= wanted[y * 11 + x] << (8 - depth - ((x * depth) & 7));
      return [...row];
    });
    const { samples } = await decodePng(png(11, 2, depth, 0, Uint8Array.from(rows.flat())), 'a.png');
    expect(Array.from(samples)).toEqual(wanted.map((level) => (level * 255) / largest));
  });

  it('refuses data that inflate to more than the picture', async () => {
    const bomb = png(4, 4, 8, 0, new Uint8Array(5_000_000));
    expect(bomb.length).toBeLessThan(10_000);
    await expect(decodePng(bomb, 'a.png')).rejects.toThrow('a.png: the PNG data inflate to more than the 4×4 pixels');
  });

  it('does not look at a profile, which may be damaged or a bomb', async () => {
    const profile = chunk('iCCP', Uint8Array.from([97, 0, 0, 255, 255, 255, 255]));
    const { samples } = await decodePng(png(2, 1, 8, 0, Uint8Array.from([0, 7, 9]), [profile]), 'a.png');
    expect([...samples]).toEqual([7, 9]);
  });

  it('refuses every file cut short', async () => {
    const whole = png(4, 2, 8, 0, Uint8Array.from([0, 1, 2, 3, 4, 0, 5, 6, 7, 8]));
    for (let length = 8; length < whole.length; length++) {
      await expect(decodePng(whole.slice(0, length), 'a.png'), `${length} bytes`).rejects.toBeInstanceOf(ImageError);
    }
  });
});

/** Every colour type with every depth that it has (PNG specification, table 11.1). */
const LAYOUTS = [
  { colour: 0, depths: [1, 2, 4, 8, 16] },
  { colour: 2, depths: [8, 16] },
  { colour: 3, depths: [1, 2, 4, 8] },
  { colour: 4, depths: [8, 16] },
  { colour: 6, depths: [8, 16] },
].flatMap(({ colour, depths }) => depths.map((depth) => ({ colour, depth })));
const SIZES = [
  [1, 1],
  [4, 1],
  [1, 5],
  [11, 9],
  [8, 8],
] as const;

describe.each(LAYOUTS)('colour type $colour of $depth bits, in a page and in Node', ({ colour, depth }) => {
  const both = async (bytes: Uint8Array) => {
    const [page, node] = await Promise.all([decodePng(bytes, 'a.png'), decodeSamples(bytes, 'a.png')]);
    expect([page.width, page.height]).toEqual([node.width, node.height]);
    expect(greys(page)).toEqual(greys(node));
  };

  it.each([false, true])('is the same for every size, filter and transparency; interlaced: %s', async (interlaced) => {
    for (const [width, height] of SIZES) {
      for (const filter of [0, 1, 2, 3, 4]) {
        for (const transparent of colour === 4 || colour === 6 ? [false] : [false, true]) {
          await both(writePng({ width, height, colour, depth, interlaced, filter, transparent }));
        }
      }
    }
  });

  it.each([1, 2, 3, 4, 5, 6, 7, 8])('is turned the same way by EXIF orientation %s', async (orientation) => {
    for (const interlaced of [false, true]) {
      await both(writePng({ width: 5, height: 3, colour, depth, interlaced, more: [exif(orientation)] }));
    }
  });
});

it('understands as much of EXIF data that are damaged as Node does', async () => {
  const whole = tiffOrientation(6);
  const broken = [
    ...Array.from({ length: whole.length }, (_, length) => whole.subarray(0, length)),
    tiffOrientation(0),
    tiffOrientation(9),
    Uint8Array.from(whole, () => 255),
  ];
  for (const data of broken) {
    const bytes = writePng({ width: 5, height: 3, colour: 0, depth: 8, more: [chunk('eXIf', data)] });
    const [page, node] = await Promise.all([decodePng(bytes, 'a.png'), decodeSamples(bytes, 'a.png')]);
    expect([page.width, ...greys(page)], `${data.length} bytes`).toEqual([node.width, ...greys(node)]);
  }
});
