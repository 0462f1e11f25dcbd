import { describe, expect, it } from 'vitest';
import { averageRanks, rankCorrelation } from '../../../src/train/statistics/index.js';

describe('averageRanks', () => {
  it('share ranks among equal values', () => {
    expect(averageRanks([10, 30, 20, 20, 5])).toEqual([2, 5, 3.5, 3.5, 1]);
    expect(averageRanks([1, 1, 1])).toEqual([2, 2, 2]);
  });
});

describe('rankCorrelation', () => {
  it('agrees with a worked example without ties: 1 − 6·Σd²/(n(n² − 1))', () => {
    const x = [106, 86, 100, 101, 99, 103, 97, 113, 112, 110];
    const y = [7, 0, 27, 50, 28, 29, 20, 12, 6, 17];
    // IQ and hours of television, Σd² = 194.
    expect(rankCorrelation(x, y)).toBeCloseTo(1 - (6 * 194) / (10 * 99), 12);
  });

  it('is 1 for any rising relation, and nothing where all are equal', () => {
    expect(rankCorrelation([1, 2, 3, 4], [0, 1, 100, 101])).toBe(1);
    expect(rankCorrelation([1, 2, 3], [3, 2, 1])).toBe(-1);
    expect(rankCorrelation([1, 2, 3], [5, 5, 5])).toBeUndefined();
  });
});
