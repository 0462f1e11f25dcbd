import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { philox, RandomKeyError, RandomStream } from '../../src/train/philox.js';

describe('philox', () => {
  // The known answers of Random123, the authors' own library, for philox4x32 with 10 rounds.
  it.each([
    [
      [0, 0, 0, 0],
      [0, 0],
      [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8],
    ],
    [
      [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
      [0xffffffff, 0xffffffff],
      [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
    ],
    [
      [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
      [0xa4093822, 0x299f31d0],
      [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
    ],
  ] as const)('gives the published words for counter %j under key %j', (counter, key, words) => {
    expect(philox(counter, key)).toEqual(words);
  });
});

describe('RandomStream', () => {
  const words = (stream: RandomStream, count: number) => Array.from({ length: count }, () => stream.word());
  const whole = fc.integer({ min: 0, max: 2 ** 32 - 1 });
  const key = fc.record({ seed: whole, epoch: whole, index: whole, attempt: whole });

  it('walks through the blocks at (block, attempt, epoch, index)', () => {
    const stream = new RandomStream('geometry', { seed: 11, epoch: 12, index: 13, attempt: 14 });
    const ascii = 0x67656f6d;
    expect(words(stream, 8)).toEqual([0, 1].flatMap((block) => philox([block, 14, 12, 13], [11, ascii])));
  });

  it('has other draws for another purpose, and where any part of the key differs', () => {
    fc.assert(
      fc.property(key, fc.constantFrom('seed', 'epoch', 'index', 'attempt'), whole, (key, part, other) => {
        fc.pre(key[part] !== other);
        const drawn = words(new RandomStream('geometry', key), 4);
        expect(words(new RandomStream('geometry', key), 4)).toEqual(drawn);
        expect(words(new RandomStream('appearance', key), 4)).not.toEqual(drawn);
        expect(words(new RandomStream('geometry', { ...key, [part]: other }), 4)).not.toEqual(drawn);
      }),
    );
  });

  it('is uniform: 65,536 draws fill 256 bins evenly', () => {
    const stream = new RandomStream('order', { seed: 3, epoch: 0 });
    const bins = new Float64Array(256);
    for (let draw = 0; draw < 65_536; draw++) bins[stream.below(256)]++;
    // 99.99 % of uniform samples have a χ² within about 255 ± 95.
    const chiSquare = bins.reduce((sum, count) => sum + (count - 256) ** 2 / 256, 0);
    expect(chiSquare).toBeGreaterThan(160);
    expect(chiSquare).toBeLessThan(350);
  });

  it.each([-1, 0.5, 2 ** 32, Number.NaN])('refuses %d as part of a key', (value) => {
    expect(() => new RandomStream('order', { seed: value, epoch: 0 })).toThrow(RandomKeyError);
    expect(() => new RandomStream('order', { seed: 0, epoch: value })).toThrow(`epoch ${value} is no whole number`);
  });
});
