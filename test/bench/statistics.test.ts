import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BenchError, quartiles, spread } from '../../bench/statistics.js';

describe('quartiles', () => {
  it('interpolate between neighbours, as numpy.quantile does', () => {
    // numpy.quantile([4, 1, 2, 8], [0, .25, .5, .75, 1])
    expect(quartiles([4, 1, 2, 8])).toEqual({ count: 4, min: 1, q1: 1.75, median: 3, q3: 5, max: 8 });
  });

  it('of one sample are that sample', () => {
    expect(quartiles([7])).toEqual({ count: 1, min: 7, q1: 7, median: 7, q3: 7, max: 7 });
  });

  it('leave the samples as they were, and do not depend on their order', () => {
    const samples = fc.array(fc.double({ noNaN: true, min: -1e6, max: 1e6 }), { minLength: 1, maxLength: 30 });
    fc.assert(
      fc.property(samples, (values) => {
        const before = [...values];
        const forwards = quartiles(values);
        expect(values).toEqual(before);
        expect(quartiles([...values].reverse())).toEqual(forwards);
        const { min, q1, median, q3, max } = forwards;
        expect([min, q1, median, q3, max]).toEqual([min, q1, median, q3, max].sort((a, b) => a - b));
        // At least half of the samples on either side of the median.
        const tolerance = 1e-9 * Math.max(1, Math.abs(median));
        expect(values.filter((value) => value <= median + tolerance).length).toBeGreaterThanOrEqual(values.length / 2);
        expect(values.filter((value) => value >= median - tolerance).length).toBeGreaterThanOrEqual(values.length / 2);
      }),
    );
  });

  it('refuse what cannot be ordered', () => {
    expect(() => quartiles([])).toThrow(BenchError);
    expect(() => quartiles([1, Number.NaN])).toThrow(/2 samples \(1, NaN\)/);
  });
});

describe('spread', () => {
  it('is half the distance between the quartiles, relative to the median', () => {
    expect(spread(quartiles([8, 9, 10, 11, 12]))).toBeCloseTo(0.1, 12);
    expect(spread(quartiles([5, 5, 5]))).toBe(0);
  });
});
