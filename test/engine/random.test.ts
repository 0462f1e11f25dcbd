import { describe, expect, test } from 'vitest';
import { type RandomKey, randomNormal, ShapeError } from '../../src/index.js';
import { sharedDevice } from '../support/device.js';
import { moments } from '../support/moments.js';
import { philox } from '../support/philox.js';

const COUNT = 1 << 16;

describe('uniform draws', () => {
  // Known answers of Philox4x32-10, from the file kat_vectors of Random123 (Salmon et al., 2011).
  const known = [
    { counter: [0, 0, 0, 0], key: [0, 0], words: [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8] },
    {
      counter: [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
      key: [0xffffffff, 0xffffffff],
      words: [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
    },
    {
      counter: [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
      key: [0xa4093822, 0x299f31d0],
      words: [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
    },
  ];
  test.each(known)('the definition here gives the known answer for counter $counter', ({ counter, key, words }) => {
    expect(philox(counter, key)).toEqual(words);
  });

  test('are the top 24 bits of the known answer at counter 0', async () => {
    const device = await sharedDevice();
    const [{ words }] = known;
    expect([...(await device.uniform([4], [0, 0]).data())]).toEqual(words.map((word) => (word >>> 8) / 2 ** 24));
  });

  test('follow the definition at any counter and key', async () => {
    const device = await sharedDevice();
    for (const key of [
      [0xffffffff, 0xffffffff],
      [0xa4093822, 0x299f31d0],
      [1, 2],
    ] as const) {
      const values = await device.uniform([1027], key).data();
      for (const i of [0, 1, 255, 256]) {
        const expected = philox([i, 0, 0, 0], key).map((word) => (word >>> 8) / 2 ** 24);
        expect([...values.slice(4 * i, 4 * i + 4)]).toEqual(expected.slice(0, values.length - 4 * i));
      }
    }
  });

  test('do not depend on the shape, and a prefix of a stream is the stream’s', async () => {
    const device = await sharedDevice();
    const flat = await device.uniform([60], 7).data();
    expect(await device.uniform([3, 4, 5], 7).data()).toEqual(flat);
    expect(await device.uniform([13], 7).data()).toEqual(flat.slice(0, 13));
  });

  test('are the same for the same key and others for another', async () => {
    const device = await sharedDevice();
    const draw = async (key: RandomKey) => await device.uniform([64], key).data();
    expect(await draw(5)).toEqual(await draw(5));
    const keys: RandomKey[] = [5, 6, 5 + 2 ** 32, [1, 5], [5, 2], -5, [5, 2 ** 40]];
    const first = await Promise.all(keys.map(async (key) => (await draw(key)).join()));
    expect(new Set(first).size).toBe(keys.length);
  });

  test('fill their interval evenly', async () => {
    const device = await sharedDevice();
    const values = await device.uniform([COUNT], 11, -3, 5).data();
    const { mean, variance } = moments(values);
    // Five standard errors: 8/√12/√n for the mean; variance 64/12 with a kurtosis of 1.8.
    expect(Math.abs(mean - 1)).toBeLessThan((5 * 8) / Math.sqrt(12 * COUNT));
    expect(Math.abs(variance / (64 / 12) - 1)).toBeLessThan(5 * Math.sqrt(0.8 / COUNT));
    expect(Math.min(...values)).toBeGreaterThanOrEqual(-3);
    expect(Math.max(...values)).toBeLessThan(5);
    const bins = new Array(16).fill(0);
    for (const value of values) bins[Math.floor((value + 3) * 2)] += 1;
    const chi2 = bins.reduce((total, count) => total + (count - COUNT / 16) ** 2 / (COUNT / 16), 0);
    // 99.99 % of a chi-squared distribution of 15 degrees of freedom.
    expect(chi2).toBeLessThan(44.3);
  });
});

describe('normal draws', () => {
  test('have the moments of a normal distribution', async () => {
    const device = await sharedDevice();
    const values = await device.randn([COUNT], 13).data();
    const { mean, variance, skewness, kurtosis } = moments(values);
    expect(Math.abs(mean)).toBeLessThan(5 / Math.sqrt(COUNT));
    expect(Math.abs(variance - 1)).toBeLessThan(5 * Math.sqrt(2 / COUNT));
    expect(Math.abs(skewness)).toBeLessThan(5 * Math.sqrt(6 / COUNT));
    expect(Math.abs(kurtosis - 3)).toBeLessThan(5 * Math.sqrt(24 / COUNT));
    const beyond = values.filter((value) => Math.abs(value) > 1.959964).length / COUNT;
    expect(Math.abs(beyond - 0.05)).toBeLessThan(5 * Math.sqrt((0.05 * 0.95) / COUNT));
  });

  test('of one call are uncorrelated', async () => {
    const device = await sharedDevice();
    const values = await device.randn([COUNT], 17).data();
    for (const lag of [1, 2, 3, 4]) {
      let product = 0;
      for (let i = lag; i < COUNT; i++) product += values[i] * values[i - lag];
      expect(Math.abs(product / COUNT)).toBeLessThan(5 / Math.sqrt(COUNT));
    }
  });

  test('as part of a graph take mean and deviation', async () => {
    const device = await sharedDevice();
    const values = await randomNormal(device, [1000], 3, 10, 0.5).data();
    const standard = await device.randn([1000], 3).data();
    for (const [i, value] of values.entries()) expect(value).toBeCloseTo(10 + 0.5 * standard[i], 5);
  });

  test('refuse what is no shape', async () => {
    const device = await sharedDevice();
    expect(() => device.randn([2, 0], 1)).toThrow(ShapeError);
  });
});
