import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { RandomStream } from '../../../src/train/philox.js';
import type { Distribution } from '../../../src/train/search/distribution.js';
import { kernelWidths } from '../../../src/train/search/kernels.js';
import { ParzenEstimator, type ParzenOptions } from '../../../src/train/search/parzen-estimator.js';
import { defaultWeights } from '../../../src/train/search/tpe-sampler.js';

const options: ParzenOptions = { weights: defaultWeights, priorWeight: 1, magicClip: true, endpoints: false };
const linear: Distribution = { type: 'float', low: 1, high: 4, log: false, step: null };
const logarithmic: Distribution = { type: 'float', low: 1e-5, high: 1e-3, log: true, step: null };
const stepped: Distribution = { type: 'float', low: 0.1, high: 0.7, log: false, step: 0.1 };
const whole: Distribution = { type: 'int', low: 2, high: 16, log: false, step: 2 };
const wholeLog: Distribution = { type: 'int', low: 1, high: 64, log: true, step: 1 };
const choice: Distribution = { type: 'categorical', choices: ['linspace', 'pixel-centre', null] };

function estimator(distribution: Distribution, observations: number[], changed: Partial<ParzenOptions> = {}) {
  return new ParzenEstimator(
    { x: distribution },
    observations.map((x) => ({ x })),
    { ...options, ...changed },
  );
}

describe('kernelWidths', () => {
  test('is the distance to the farther neighbour, and to the only one at the ends', () => {
    expect(kernelWidths([1.2, 3.7, 1.9, 2.1], 1, 4, options)).toEqual([
      expect.closeTo(0.7, 12),
      expect.closeTo(1.6, 12),
      expect.closeTo(0.7, 12),
      expect.closeTo(1.6, 12),
    ]);
  });

  test('counts the ends of the range as neighbours where asked to', () => {
    const widths = kernelWidths([1.9, 2.1, 3.5], 0, 4, { ...options, magicClip: false, endpoints: true });
    expect(widths).toEqual([expect.closeTo(1.9, 12), expect.closeTo(1.4, 12), expect.closeTo(1.4, 12)]);
  });

  test('of a single observation reaches to the farther end', () => {
    expect(kernelWidths([1.5], 1, 4, options)).toEqual([2.5]);
  });

  test('is no smaller than a share of the range that falls to a hundredth, unless that limit is off', () => {
    expect(kernelWidths([2, 2, 2], 0, 10, options)).toEqual([2, 2, 2]);
    const many = Array.from({ length: 200 }, () => 2);
    expect(new Set(kernelWidths(many, 0, 10, options))).toEqual(new Set([0.1]));
    expect(new Set(kernelWidths(many, 0, 10, { ...options, magicClip: false }))).toEqual(new Set([1e-12]));
  });
});

describe('ParzenEstimator', () => {
  // Five truncated normals of equal weight, by scipy.stats.truncnorm: means 1.2, 3.7, 1.9, 2.1 and the prior's 2.5,
  // deviations 0.7, 1.6, 0.7, 1.6 and the prior's 3.
  test.each([
    [1, -0.967616852462523],
    [1.5, -0.7922897434358304],
    [2.75, -1.2136643889831276],
    [4, -1.6390700080686227],
  ])('has the density of the mixture at %d', (x, expected) => {
    expect(estimator(linear, [1.2, 3.7, 1.9, 2.1]).logDensity({ x })).toBeCloseTo(expected, 9);
  });

  test('has one categorical component per observation, the prior spread over all of them', () => {
    // Two observations of the first choice and one of the third: 1 + ¼ against ¼ for each other one, out of 7/4; the
    // prior ⅓.
    const expected = [(2 * (5 / 7) + 1 / 7 + 1 / 3) / 4, (3 * (1 / 7) + 1 / 3) / 4, (2 * (1 / 7) + 5 / 7 + 1 / 3) / 4];
    const mixture = estimator(choice, [0, 2, 0]);
    for (const [x, probability] of expected.entries()) {
      expect(Math.exp(mixture.logDensity({ x }))).toBeCloseTo(probability, 12);
    }
  });

  test('without observations is the prior', () => {
    expect(Math.exp(estimator(choice, []).logDensity({ x: 1 }))).toBeCloseTo(1 / 3, 12);
    const wide = estimator(linear, []);
    expect(wide.logDensity({ x: 1.5 })).toBeCloseTo(wide.logDensity({ x: 3.5 }), 12);
    expect(wide.logDensity({ x: 2.5 })).toBeGreaterThan(wide.logDensity({ x: 1.5 }));
  });

  test('weighs observations and the prior', () => {
    const observed = [1.2, 3.8];
    const at = (x: number, changed: Partial<ParzenOptions>) =>
      Math.exp(estimator(linear, observed, changed).logDensity({ x }));
    const first = at(1.2, { weights: () => [1, 0], priorWeight: 1e-9 });
    const second = at(1.2, { weights: () => [0, 1], priorWeight: 1e-9 });
    expect(at(1.2, { weights: () => [3, 1], priorWeight: 1e-9 })).toBeCloseTo(0.75 * first + 0.25 * second, 6);
    expect(at(1.2, { priorWeight: 1e9 })).toBeCloseTo(Math.exp(estimator(linear, []).logDensity({ x: 1.2 })), 6);
  });

  test('sums to 1 over values, and integrates to 1 along the axis', () => {
    const inRange = fc.array(fc.integer({ min: 0, max: 1000 }), { maxLength: 30 });
    fc.assert(
      fc.property(inRange, (points) => {
        const total = (distribution: Distribution, values: number[], toValue: (unit: number) => number) => {
          const mixture = estimator(
            distribution,
            points.map((point) => toValue(point / 1000)),
          );
          return values.reduce((sum, x) => sum + Math.exp(mixture.logDensity({ x })), 0);
        };
        const evens = [2, 4, 6, 8, 10, 12, 14, 16];
        expect(total(whole, evens, (unit) => evens[Math.floor(unit * 7.99)])).toBeCloseTo(1, 9);
        const tenths = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7];
        expect(total(stepped, tenths, (unit) => tenths[Math.floor(unit * 6.99)])).toBeCloseTo(1, 9);
        const to64 = Array.from({ length: 64 }, (_, i) => i + 1);
        expect(total(wholeLog, to64, (unit) => to64[Math.floor(unit * 63.99)])).toBeCloseTo(1, 9);
        expect(total(choice, [0, 1, 2], (unit) => Math.floor(unit * 2.99))).toBeCloseTo(1, 9);
        // Of the density along the logarithm, by the midpoint rule; the narrowest kernel is a hundredth of the range.
        const cells = 2000;
        const midpoints = Array.from({ length: cells }, (_, i) => 10 ** (-5 + (2 * (i + 0.5)) / cells));
        const integral = total(logarithmic, midpoints, (unit) => 10 ** (-5 + 2 * unit));
        expect((integral * Math.log(100)) / cells).toBeCloseTo(1, 4);
      }),
      { numRuns: 20 },
    );
  });

  test.each([
    ['a stepped range', stepped, [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7]],
    ['whole numbers', whole, [2, 4, 6, 8, 10, 12, 14, 16]],
    ['whole numbers on a logarithmic range', wholeLog, Array.from({ length: 64 }, (_, i) => i + 1)],
    ['choices', choice, [0, 1, 2]],
  ] as const)('draws from %s as often as its density says', (_, distribution, values) => {
    const mixture = estimator(distribution, [values[0], values[2], values[2]]);
    const random = new RandomStream('trial', { seed: 4, epoch: 0 });
    const counts = new Map<number, number>();
    const draws = 20_000;
    for (let i = 0; i < draws; i++) {
      const { x } = mixture.draw(random);
      counts.set(x, (counts.get(x) ?? 0) + 1);
    }
    for (const x of values) {
      const expected = draws * Math.exp(mixture.logDensity({ x }));
      expect(Math.abs((counts.get(x) ?? 0) - expected)).toBeLessThan(5 * Math.sqrt(expected) + 1);
      counts.delete(x);
    }
    expect([...counts.keys()]).toEqual([]);
  });

  test('draws a number as often from any part of its range as the density says', () => {
    const mixture = estimator(logarithmic, [2e-5, 3e-5, 9e-4]);
    const random = new RandomStream('trial', { seed: 5, epoch: 0 });
    const draws = Array.from({ length: 20_000 }, () => mixture.draw(random).x);
    expect(Math.min(...draws)).toBeGreaterThanOrEqual(1e-5);
    expect(Math.max(...draws)).toBeLessThanOrEqual(1e-3);
    // Kolmogorov–Smirnov distance from the integrated density; beyond 1.95/√n once in a thousand.
    draws.sort((a, b) => a - b);
    const cells = 4000;
    const edge = (i: number) => 10 ** (-5 + (2 * i) / cells);
    let [integral, drawn, distance] = [0, 0, 0];
    for (let i = 0; i < cells; i++) {
      integral += (Math.exp(mixture.logDensity({ x: edge(i + 0.5) })) * Math.log(100)) / cells;
      while (drawn < draws.length && draws[drawn] < edge(i + 1)) drawn += 1;
      distance = Math.max(distance, Math.abs(drawn / draws.length - integral));
    }
    expect(distance).toBeLessThan(1.95 / Math.sqrt(draws.length));
  });

  test('keeps the parameters of an observation together', () => {
    const mixture = new ParzenEstimator(
      { x: linear, y: linear },
      [
        { x: 1.1, y: 1.1 },
        { x: 3.9, y: 3.9 },
      ],
      { ...options, magicClip: false, priorWeight: 1e-6, weights: (count) => new Array(count).fill(1) },
    );
    expect(mixture.logDensity({ x: 1.1, y: 1.1 })).toBeGreaterThan(mixture.logDensity({ x: 1.1, y: 3.9 }));
  });
});
