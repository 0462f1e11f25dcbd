import fc from 'fast-check';
import sharp, { type Sharp } from 'sharp';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  DisjointSets,
  decodeFrame,
  encodeGreyPng,
  type Frame,
  findNearDuplicates,
  generatePhantom,
  HASH_BITS,
  hashDistance,
  NEAR_DUPLICATE_BITS,
  type PerceptualHash,
  perceptualHash,
} from '../../../src/train/index.js';

const SIZE = 128;

/** Phantoms of every difficulty, all of different anatomy. */
let frames: Frame[];
let hashes: PerceptualHash[];
beforeAll(() => {
  frames = Array.from({ length: 48 }, (_, index) => {
    const difficulty = ([0, 1, 2, 3] as const)[index % 4];
    const { pixels } = generatePhantom({ seed: 31, index, difficulty, size: SIZE });
    return { width: SIZE, height: SIZE, pixels: Float32Array.from(pixels, (grey) => grey / 255) };
  });
  hashes = frames.map(perceptualHash);
});

const mapped = (frame: Frame, change: (grey: number, x: number, y: number) => number): Frame => ({
  ...frame,
  pixels: frame.pixels.map((grey, i) => Math.min(1, Math.max(0, change(grey, i % SIZE, Math.floor(i / SIZE))))),
});
const moved = (frame: Frame, dx: number, dy: number) =>
  mapped(frame, (_, x, y) => {
    const inside = x >= dx && y >= dy && x - dx < SIZE && y - dy < SIZE;
    return inside ? frame.pixels[(y - dy) * SIZE + x - dx] : 0;
  });
const through = async (frame: Frame, change: (image: Sharp) => Sharp) => {
  const png = await encodeGreyPng({
    ...frame,
    pixels: Uint8Array.from(frame.pixels, (grey) => Math.round(grey * 255)),
  });
  return decodeFrame(await change(sharp(png)).toBuffer(), 'copy');
};

describe('near duplicates of phantoms', () => {
  test.each<[string, (frame: Frame) => Frame | Promise<Frame>]>([
    ['JPEG of quality 40', (frame) => through(frame, (image) => image.jpeg({ quality: 40 }))],
    ['half the size', (frame) => through(frame, (image) => image.resize(SIZE / 2))],
    ['twice the size', (frame) => through(frame, (image) => image.resize(SIZE * 2))],
    ['blur', (frame) => through(frame, (image) => image.blur(1.5))],
    ['darker', (frame) => mapped(frame, (grey) => 0.6 * grey)],
    ['brighter, with whites lost', (frame) => mapped(frame, (grey) => 1.4 * grey)],
    ['less contrast', (frame) => mapped(frame, (grey) => 0.3 + 0.4 * (grey - 0.3))],
    ['gamma', (frame) => mapped(frame, (grey) => grey ** 0.7)],
    ['noise', (frame) => mapped(frame, (grey, x, y) => grey + 0.05 * Math.sin(7919 * x + 104729 * y))],
    ['moved by a hundredth', (frame) => moved(frame, 1, -1)],
    ['text in a corner', (frame) => mapped(frame, (grey, x, y) => (x < 40 && y < 8 && (x ^ y) & 2 ? 1 : grey))],
    ['left-right mirrored', (frame) => mapped(frame, (_, x, y) => frame.pixels[y * SIZE + SIZE - 1 - x])],
    ['top-bottom mirrored', (frame) => mapped(frame, (_, x, y) => frame.pixels[(SIZE - 1 - y) * SIZE + x])],
    ['turned by half', (frame) => ({ ...frame, pixels: Float32Array.from(frame.pixels).reverse() })],
  ])('a copy is grouped with its original: %s', async (_, copyOf) => {
    const originals = [0, 1, 2, 3, 4, 5, 6, 7];
    const copies = await Promise.all(originals.map((i) => copyOf(frames[i])));
    const { groups, nearest } = findNearDuplicates([...hashes, ...copies.map(perceptualHash)]);
    for (const i of originals) {
      expect(groups[hashes.length + i]).toBe(groups[i]);
      expect(nearest[hashes.length + i]?.index).toBe(i);
    }
    expect(new Set(groups).size).toBe(hashes.length);
  });

  test('different phantoms are apart, and well', () => {
    const { groups, nearest } = findNearDuplicates(hashes);
    expect(groups).toEqual(hashes.map((_, i) => i));
    expect(nearest).toEqual(hashes.map(() => undefined));
    const least = Math.min(...hashes.flatMap((a, i) => hashes.slice(0, i).map((b) => hashDistance(a, b))));
    expect(least).toBeGreaterThan(NEAR_DUPLICATE_BITS + 10);
  });

  test('frames without any picture are alike', () => {
    const grey = (value: number) =>
      perceptualHash({ width: 40, height: 30, pixels: new Float32Array(1200).fill(value) });
    expect(hashDistance(grey(0), grey(0.7))).toBe(0);
  });

  test('what is cut off to make a square hardly counts', () => {
    const [frame] = frames;
    const wide = { width: SIZE + 40, height: SIZE, pixels: new Float32Array((SIZE + 40) * SIZE).fill(1) };
    for (let y = 0; y < SIZE; y++) {
      wide.pixels.set(frame.pixels.subarray(y * SIZE, (y + 1) * SIZE), y * (SIZE + 40) + 20);
    }
    expect(hashDistance(perceptualHash(wide), hashes[0])).toBeLessThan(10);
  });
});

const hash = fc.uint32Array({ minLength: 8, maxLength: 8 });

describe('hashDistance', () => {
  test('is a distance between 0 and the number of bits, the same both ways', () => {
    fc.assert(
      fc.property(hash, hash, (a, b) => {
        expect(hashDistance(a, a)).toBe(0);
        expect(hashDistance(a, b)).toBe(hashDistance(b, a));
        expect(hashDistance(a, b)).toBeLessThanOrEqual(HASH_BITS);
      }),
    );
  });

  test('counts single bits', () => {
    fc.assert(
      fc.property(hash, fc.uniqueArray(fc.integer({ min: 1, max: 255 }), { maxLength: 20 }), (a, turned) => {
        const b = Uint32Array.from(a);
        for (const at of turned) b[at >>> 5] ^= 1 << (at & 31);
        expect(hashDistance(a, b)).toBe(turned.length);
      }),
    );
  });
});

describe('groups', () => {
  test('connect through others', () => {
    const far = (count: number) => Uint32Array.from({ length: 8 }, (_, word) => (word === 0 ? 2 ** count - 1 : 0));
    // 0, 8, 16 and 30 bits set in a row: within 9 bits of the neighbour, but for the last.
    const { groups, nearest } = findNearDuplicates([far(16), far(0), far(30), far(8)], 9);
    expect(groups).toEqual([0, 0, 1, 0]);
    expect(nearest).toEqual([undefined, undefined, undefined, { index: 0, bits: 8 }]);
  });

  test('are the connected components of whatever is joined', () => {
    const pairs = fc.array(fc.tuple(fc.nat(29), fc.nat(29)), { maxLength: 40 });
    fc.assert(
      fc.property(pairs, (joined) => {
        const sets = new DisjointSets(30);
        for (const [a, b] of joined) sets.join(a, b);
        // Labels spread along the pairs until nothing changes.
        const label = Array.from({ length: 30 }, (_, i) => i);
        for (let changed = true; changed; ) {
          changed = false;
          for (const [a, b] of joined) {
            const least = Math.min(label[a], label[b]);
            changed ||= label[a] !== least || label[b] !== least;
            label[a] = least;
            label[b] = least;
          }
        }
        const order = [...new Set(label)];
        expect(sets.numbers()).toEqual(label.map((one) => order.indexOf(one)));
      }),
    );
  });
});
