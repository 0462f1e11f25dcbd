import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BatchError, batchesOf, epochOrder, fixedBatches, weightedOrder } from '../../src/train/batches/index.js';

const whole = fc.integer({ min: 0, max: 2 ** 32 - 1 });
const count = fc.integer({ min: 0, max: 300 });
const batchSize = fc.integer({ min: 1, max: 40 });
const range = (count: number) => Array.from({ length: count }, (_, i) => i);

describe('epochOrder', () => {
  it('takes every frame once, and in the same order for the same arguments', () => {
    fc.assert(
      fc.property(count, whole, whole, (count, seed, epoch) => {
        const order = epochOrder(count, seed, epoch);
        expect(Array.from(order).sort((a, b) => a - b)).toEqual(range(count));
        expect(epochOrder(count, seed, epoch)).toEqual(order);
      }),
    );
  });

  it('has another order in another epoch and under another seed', () => {
    const order = epochOrder(300, 7, 3);
    expect(order).not.toEqual(Uint32Array.from(range(300)));
    expect(epochOrder(300, 7, 4)).not.toEqual(order);
    expect(epochOrder(300, 8, 3)).not.toEqual(order);
  });

  it('has each of the 24 orders of four frames equally often', () => {
    const seen = new Map<string, number>();
    for (let epoch = 0; epoch < 24_000; epoch++) {
      const order = epochOrder(4, 5, epoch).join();
      seen.set(order, (seen.get(order) ?? 0) + 1);
    }
    expect(seen.size).toBe(24);
    // Standard deviation of a count: √(1000 · 23/24) ≈ 31.
    for (const times of seen.values()) expect(Math.abs(times - 1000)).toBeLessThan(140);
  });

  it.each([-1, 1.5, Number.NaN, 2 ** 32])('refuses to order %d frames', (count) => {
    expect(() => epochOrder(count, 0, 0)).toThrow(BatchError);
  });
});

describe('batchesOf', () => {
  it('keeps what is left over as a smaller batch', () => {
    expect(batchesOf(Uint32Array.of(4, 2, 0, 1, 3), 2)).toEqual([
      Uint32Array.of(4, 2),
      Uint32Array.of(0, 1),
      Uint32Array.of(3),
    ]);
  });

  it('drops it with dropLast, and only it', () => {
    expect(batchesOf(Uint32Array.of(4, 2, 0, 1, 3), 2, { dropLast: true })).toEqual([
      Uint32Array.of(4, 2),
      Uint32Array.of(0, 1),
    ]);
    expect(batchesOf(Uint32Array.of(1, 0), 2, { dropLast: true })).toEqual([Uint32Array.of(1, 0)]);
    expect(batchesOf(Uint32Array.of(1, 0), 3, { dropLast: true })).toEqual([]);
  });

  it('joins to the order again, in batches of which only the last is smaller', () => {
    fc.assert(
      fc.property(count, batchSize, (count, batchSize) => {
        const order = epochOrder(count, 1, 2);
        const batches = batchesOf(order, batchSize);
        expect(batches.flatMap((batch) => Array.from(batch))).toEqual(Array.from(order));
        for (const batch of batches.slice(0, -1)) expect(batch.length).toBe(batchSize);
        for (const batch of batches) expect(batch.length).toBeGreaterThan(0);
      }),
    );
  });

  it('hands out copies', () => {
    const order = Uint32Array.of(0, 1);
    batchesOf(order, 2)[0].fill(9);
    expect(order).toEqual(Uint32Array.of(0, 1));
  });
});

describe('fixedBatches', () => {
  it('fills the last batch up with frames from the start of the order', () => {
    expect(fixedBatches(Uint32Array.of(4, 2, 0, 1, 3), 3)).toEqual([Uint32Array.of(4, 2, 0), Uint32Array.of(1, 3, 4)]);
  });

  it('goes through an order shorter than a batch again and again', () => {
    expect(fixedBatches(Uint32Array.of(1, 0), 5)).toEqual([Uint32Array.of(1, 0, 1, 0, 1)]);
  });

  it('has batches of one size, as few as hold every frame, each frame once or (to fill up) more', () => {
    fc.assert(
      fc.property(count, batchSize, (count, batchSize) => {
        const order = epochOrder(count, 1, 2);
        const batches = fixedBatches(order, batchSize);
        for (const batch of batches) expect(batch.length).toBe(batchSize);
        expect(batches.length).toBe(Math.ceil(count / batchSize));
        const frames = batches.flatMap((batch) => Array.from(batch));
        expect(frames.slice(0, count)).toEqual(Array.from(order));
        expect(new Set(frames).size).toBe(count);
      }),
    );
  });
});

it.each([0, -2, 2.5, Number.NaN])('no batch has %d frames', (batchSize) => {
  expect(() => batchesOf(Uint32Array.of(0), batchSize)).toThrow(BatchError);
  expect(() => fixedBatches(Uint32Array.of(0), batchSize)).toThrow(BatchError);
});

describe('weightedOrder', () => {
  it('takes a frame as often as its weight says, and one of a fraction in that share of the epochs', () => {
    const weights = [1, 3, 0.4, 0.4, 0.4, 0.4, 0.4, 2.5];
    const taken = weights.map(() => 0);
    for (let epoch = 1; epoch <= 1000; epoch++) {
      const draws = Array.from(weightedOrder(weights, 5, epoch));
      expect(new Set(draws).size).toBe(draws.length);
      const frames = draws.map((draw) => draw % weights.length);
      const times = weights.map((_, frame) => frames.filter((own) => own === frame).length);
      // Half a frame is rounded up.
      expect([times[0], times[1], times[2] + times[3] + times[4] + times[5] + times[6], times[7]]).toEqual([
        1, 3, 2, 3,
      ]);
      for (const [frame, own] of times.entries()) taken[frame] += own;
    }
    // Standard deviation of a count: √(1000 · 0.4 · 0.6) ≈ 15.
    for (const own of taken.slice(2, 7)) expect(Math.abs(own - 400)).toBeLessThan(75);
  });

  it('is the order of an epoch where all weights are 1', () => {
    fc.assert(
      fc.property(count, whole, whole, (count, seed, epoch) => {
        expect(weightedOrder(new Array(count).fill(1), seed, epoch)).toEqual(epochOrder(count, seed, epoch));
      }),
    );
  });

  it.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY])('refuses a weight of %d', (weight) => {
    expect(() => weightedOrder([1, weight], 0, 0)).toThrow(/^A frame cannot have the weight/);
  });
});
