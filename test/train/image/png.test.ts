import { crc32, deflateSync } from 'node:zlib';
import sharp, { type Sharp } from 'sharp';
import { describe, expect, it } from 'vitest';
import { decodeSamples } from '../../../src/train/image/codecs-node.js';
import { ImageError } from '../../../src/train/image/errors.js';
import { luminance } from '../../../src/train/image/frame.js';
import { decodePng } from '../../../src/train/image/png.js';
import type { RasterSamples } from '../../../src/train/image/raster-samples.js';

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

function png(
  width: number,
  height: number,
  depth: number,
  colour: number,
  rows: Uint8Array,
  more: readonly Uint8Array[] = [],
): Uint8Array {
  const header = new Uint8Array(13);
  const view = new DataView(header.buffer);
  view.setUint32(0, width);
  view.setUint32(4, height);
  header.set([depth, colour], 8);
  const parts = [chunk('IHDR', header), ...more, chunk('IDAT', deflateSync(rows)), chunk('IEND', new Uint8Array())];
  return Uint8Array.from([0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10, ...parts.flatMap((part) => [...part])]);
}

function chunk(type: string, data: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(12 + data.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, data.length);
  bytes.set(new TextEncoder().encode(type), 4);
  bytes.set(data, 8);
  view.setUint32(8 + data.length, crc32(bytes.subarray(4, 8 + data.length)));
  return bytes;
}
