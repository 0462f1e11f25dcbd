import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { blandAltman, intraclassCorrelation, StatisticsError } from '../../../src/train/statistics/index.js';

/**
 * Peak expiratory flow (l/min) by a Wright meter and a mini Wright meter, first measurements of Bland & Altman (1986),
 * table.
 */
const FLOW = [
  [494, 512],
  [395, 430],
  [516, 520],
  [434, 428],
  [476, 500],
  [557, 600],
  [413, 364],
  [442, 380],
  [650, 658],
  [433, 445],
  [417, 432],
  [656, 626],
  [267, 260],
  [478, 477],
  [178, 259],
  [423, 350],
  [427, 451],
].map(([first, second]) => ({ first, second }));

describe('blandAltman', () => {
  it('agrees with Bland & Altman 1986', () => {
    const { count, bias, sd, biasInterval, lower, upper, lowerInterval, upperInterval } = blandAltman(FLOW);
    expect(count).toBe(17);
    expect(bias).toBeCloseTo(-2.1, 1);
    expect(sd).toBeCloseTo(38.8, 1);
    expect(biasInterval.low).toBeCloseTo(-22.0, 0);
    expect(biasInterval.high).toBeCloseTo(17.8, 0);
    // The paper takes two standard deviations, −79.7 and 75.5, for 1.96.
    expect(bias + (2 / 1.959964) * (lower - bias)).toBeCloseTo(-79.7, 0);
    expect(bias + (2 / 1.959964) * (upper - bias)).toBeCloseTo(75.5, 0);
    // Its intervals reach 34.6 to either side: −114.3 to −45.1 and 40.9 to 110.1, from 3·sd²/n; without rounding 0.8 %
    // more.
    for (const { low, high } of [lowerInterval, upperInterval]) {
      expect((high - low) / 2 / 34.6).toBeGreaterThan(1);
      expect((high - low) / 2 / 34.6).toBeLessThan(1.012);
    }
    expect((lowerInterval.low + lowerInterval.high) / 2).toBeCloseTo(lower, 10);
  });

  it('finds a bias that grows with what is measured, and its p as a regression has it', () => {
    // Differences on means, worked by hand: means 1 … 5, differences 0.1, 0.1, 0.4, 0.3, 0.6.
    const given = [0.1, 0.1, 0.4, 0.3, 0.6].map((difference, i) => ({
      first: i + 1 + difference / 2,
      second: i + 1 - difference / 2,
    }));
    const { proportional } = blandAltman(given);
    // Sxx = 10, Sxy = 1.2; residual sum of squares 0.18 − 0.144 = 0.036, standard error √(0.036 / 3 / 10).
    expect(proportional?.slope).toBeCloseTo(0.12, 10);
    expect(proportional?.intercept).toBeCloseTo(-0.06, 10);
    const error = Math.sqrt(0.0012);
    // Student's t with 3 degrees of freedom: 3.182446 at 97.5 %; F(t) in closed form.
    expect(proportional?.slopeInterval.low).toBeCloseTo(0.12 - 3.182446 * error, 5);
    const t = 0.12 / error / Math.sqrt(3);
    const tail = 0.5 - (Math.atan(t) + t / (1 + t * t)) / Math.PI;
    expect(proportional?.p).toBeCloseTo(2 * tail, 6);
  });

  it('moves with an offset, and changes signs with the order of the methods', () => {
    const value = fc.double({ min: -100, max: 100, noNaN: true });
    fc.assert(
      fc.property(fc.array(fc.record({ first: value, second: value }), { minLength: 3, maxLength: 20 }), (given) => {
        const one = blandAltman(given);
        const shifted = blandAltman(given.map(({ first, second }) => ({ first: first + 5, second })));
        expect(shifted.bias).toBeCloseTo(one.bias + 5, 8);
        expect(shifted.upperInterval.high).toBeCloseTo(one.upperInterval.high + 5, 6);
        const turned = blandAltman(given.map(({ first, second }) => ({ first: second, second: first })));
        expect(turned.lower).toBeCloseTo(-one.upper, 8);
        expect(turned.sd).toBeCloseTo(one.sd, 8);
      }),
    );
  });

  it('has no proportional bias where all means are equal', () => {
    const given = [1, 2, 3].map((half) => ({ first: 10 + half, second: 10 - half }));
    expect(blandAltman(given).proportional).toBeUndefined();
    expect(blandAltman(given).bias).toBe(4);
  });

  it('refuses too few pairs, and values that are not finite', () => {
    expect(() => blandAltman(FLOW.slice(0, 2))).toThrow(
      'Agreement needs at least 3 pairs of measurements; there are 2.',
    );
    expect(() => blandAltman([...FLOW, { first: 1, second: Number.NaN }])).toThrow(StatisticsError);
  });
});

describe('intraclassCorrelation', () => {
  /** Four judges' ratings of six targets: Shrout & Fleiss (1979), table 2. */
  const SHROUT_FLEISS = [
    [9, 2, 5, 8],
    [6, 1, 3, 2],
    [8, 4, 6, 8],
    [7, 1, 2, 6],
    [10, 5, 6, 9],
    [6, 2, 4, 7],
  ];

  it('agrees with Shrout & Fleiss 1979: .29, and with the interval that the R package psych gives', () => {
    const found = intraclassCorrelation(SHROUT_FLEISS);
    expect(found).toMatchObject({ subjects: 6, raters: 4 });
    expect(found?.icc).toBeCloseTo(0.29, 2);
    expect(found?.interval.low).toBeCloseTo(0.019, 3);
    expect(found?.interval.high).toBeCloseTo(0.76, 2);
  });

  it("agrees with pingouin's documentation: eight wines and four judges", () => {
    const judges = [
      [1, 1, 3, 6, 6, 7, 8, 9],
      [2, 3, 8, 4, 5, 5, 7, 9],
      [0, 3, 1, 3, 5, 6, 7, 9],
      [1, 2, 4, 3, 6, 2, 9, 8],
    ];
    const found = intraclassCorrelation(judges[0].map((_, wine) => judges.map((scores) => scores[wine])));
    expect(found?.icc).toBeCloseTo(0.728, 3);
    expect(found?.interval.low).toBeCloseTo(0.43, 2);
    expect(found?.interval.high).toBeCloseTo(0.93, 2);
  });

  it('is 1 for raters who agree, and pays for a rater who is always higher', () => {
    const agreed = [1, 5, 3, 9].map((value) => [value, value]);
    expect(intraclassCorrelation(agreed)).toMatchObject({ icc: 1, interval: { low: 1, high: 1 } });
    const higher = agreed.map(([value]) => [value, value + 2]);
    // MSR = 2·35/3 = 23.33, MSC = 2·4 = 8, MSE = 0: 23.33/(23.33 + 2·8/4).
    expect(intraclassCorrelation(higher)?.icc).toBeCloseTo(70 / 3 / (70 / 3 + 4), 10);
  });

  it('does not depend on unit or offset, and lies in its interval', () => {
    const row = fc.tuple(fc.integer({ min: 0, max: 50 }), fc.integer({ min: 0, max: 50 }));
    fc.assert(
      fc.property(fc.array(row, { minLength: 3, maxLength: 12 }), (given) => {
        const found = intraclassCorrelation(given);
        const moved = intraclassCorrelation(given.map((ratings) => ratings.map((rating) => 7 - 3 * rating)));
        if (found === undefined) return expect(moved).toBeUndefined();
        expect(moved?.icc).toBeCloseTo(found.icc, 8);
        expect(found.icc).toBeLessThanOrEqual(1);
        expect(found.interval.low).toBeLessThanOrEqual(found.icc + 1e-9);
        expect(found.interval.high).toBeGreaterThanOrEqual(found.icc - 1e-9);
      }),
    );
  });

  it('does not exist where nothing varies, and refuses ragged tables', () => {
    expect(
      intraclassCorrelation([
        [4, 4],
        [4, 4],
      ]),
    ).toBeUndefined();
    expect(() => intraclassCorrelation([[1, 2]])).toThrow(/at least 2 subjects and 2 raters; there are 1 and 2/);
    expect(() => intraclassCorrelation([[1, 2], [3]])).toThrow(/Subject 1 has the ratings 3; give 2 finite/);
  });
});
