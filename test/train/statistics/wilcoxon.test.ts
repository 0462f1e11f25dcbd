import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { holmAdjusted, StatisticsError, wilcoxonSignedRank } from '../../../src/train/statistics/index.js';

const differences = (x: readonly number[], y: readonly number[]) => x.map((value, i) => value - y[i]);

describe('wilcoxonSignedRank', () => {
  it("agrees with SciPy's documentation: cross- and self-fertilised corn plants (Darwin 1876)", () => {
    const result = wilcoxonSignedRank([6, 8, 14, 16, 23, 24, 28, 29, 41, -48, 49, 56, 60, -67, 75]);
    expect(result).toMatchObject({ count: 15, zeros: 0, positive: 96, negative: 24, method: 'exact' });
    expect(result.p).toBeCloseTo(0.041259765625, 12);
  });

  it("agrees with R's wilcox.test: Hamilton depression scale before and after (Hollander & Wolfe 1973)", () => {
    const before = [1.83, 0.5, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.3];
    const after = [0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29];
    const result = wilcoxonSignedRank(differences(before, after));
    expect(result.positive).toBe(40);
    // R gives 0.01953 for one side.
    expect(result.p).toBeCloseTo(2 * 0.01953125, 12);
  });

  it("agrees with R's and SciPy's normal approximation, with and without correction for continuity", () => {
    const x = [120, 114, 181, 188, 180, 146, 121, 191, 132, 113, 127, 112];
    const y = [133, 143, 119, 189, 112, 199, 198, 113, 115, 121, 142, 187];
    const given = differences(x, y);
    expect(wilcoxonSignedRank(given, { method: 'normal', continuity: false }).p).toBeCloseTo(0.6948866, 7);
    expect(wilcoxonSignedRank(given, { method: 'normal' }).p).toBeCloseTo(0.7240817, 7);
    expect(wilcoxonSignedRank(given).p).toBeCloseTo(0.7333984375, 12);
  });

  it("leaves out zeros and corrects for ties as SciPy's tests say", () => {
    const counts = [1, 4, 16, 15, 8, 4, 5, 1, 2];
    const given = counts.flatMap((count, i) => new Array<number>(count).fill(i - 4));
    const result = wilcoxonSignedRank(given, { continuity: false });
    expect(result).toMatchObject({ count: 56, zeros: 8, method: 'normal' });
    expect(Math.min(result.positive, result.negative)).toBe(327);
    expect(result.p).toBeCloseTo(0.00641346115861, 10);
  });

  it('is exact where all sign assignments can be counted by hand', () => {
    // One of 2⁵ assignments has no negative rank, and one no positive.
    expect(wilcoxonSignedRank([1, 2, 3, 4, 5]).p).toBe(2 / 32);
    expect(wilcoxonSignedRank([-1, 2, 3, 4, 5]).p).toBe(4 / 32);
    // 1 + 2 against 3: the middle of the distribution, where twice a tail exceeds 1.
    expect(wilcoxonSignedRank([1, 2, -3]).p).toBe(1);
    expect(wilcoxonSignedRank([7]).p).toBe(1);
  });

  it('goes from exact to approximate at 50 differences without a jump', () => {
    const given = Array.from({ length: 50 }, (_, i) => (i % 3 === 0 ? -1 : 1) * (i + 1));
    const exact = wilcoxonSignedRank(given);
    expect(exact.method).toBe('exact');
    expect(Math.abs(wilcoxonSignedRank(given, { method: 'normal' }).p / exact.p - 1)).toBeLessThan(0.03);
    expect(wilcoxonSignedRank([...given, 51]).method).toBe('normal');
  });

  it('finds nothing in differences that are all zero', () => {
    expect(wilcoxonSignedRank([0, 0, 0])).toEqual({
      count: 3,
      zeros: 3,
      positive: 0,
      negative: 0,
      p: 1,
      method: 'exact',
    });
    expect(wilcoxonSignedRank([]).p).toBe(1);
  });

  it('does not care who comes first, nor about the unit', () => {
    const value = fc.integer({ min: -30, max: 30 });
    fc.assert(
      fc.property(fc.array(value, { minLength: 1, maxLength: 60 }), (given) => {
        const result = wilcoxonSignedRank(given);
        const turned = wilcoxonSignedRank(given.map((difference) => -3 * difference));
        expect(turned.p).toBeCloseTo(result.p, 12);
        expect(turned.positive).toBe(result.negative);
        expect(result.p).toBeGreaterThan(0);
        expect(result.p).toBeLessThanOrEqual(1);
      }),
    );
  });

  it('refuses differences that are not finite, and an exact test with ties', () => {
    expect(() => wilcoxonSignedRank([1, Number.NaN])).toThrow(StatisticsError);
    expect(() => wilcoxonSignedRank([1, 2, -2], { method: 'exact' })).toThrow(
      'The exact test has no ties among absolute differences, and 2 of 3 are equal; use the normal approximation.',
    );
  });
});

describe('holmAdjusted', () => {
  it("agrees with R's p.adjust", () => {
    // p.adjust(c(0.01, 0.04, 0.03, 0.005), "holm")
    expect(holmAdjusted([0.01, 0.04, 0.03, 0.005])).toEqual([0.03, 0.06, 0.06, 0.02]);
    expect(holmAdjusted([0.6, 0.7])).toEqual([1, 1]);
    expect(holmAdjusted([0.2])).toEqual([0.2]);
    expect(holmAdjusted([])).toEqual([]);
  });

  it('raises no p beyond 1, lowers none, keeps their order and gives the smallest what Bonferroni would', () => {
    const p = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(fc.array(p, { minLength: 1, maxLength: 8 }), (given) => {
        const adjusted = holmAdjusted(given);
        for (const [i, value] of adjusted.entries()) {
          expect(value).toBeGreaterThanOrEqual(given[i]);
          expect(value).toBeLessThanOrEqual(1);
          for (const [j, other] of adjusted.entries())
            if (given[i] < given[j]) expect(value).toBeLessThanOrEqual(other);
        }
        expect(Math.min(...adjusted)).toBeCloseTo(Math.min(1, Math.min(...given) * given.length), 12);
      }),
    );
  });
});
