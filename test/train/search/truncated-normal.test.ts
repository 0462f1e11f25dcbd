import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { logNormalCdf, logNormalMass, TruncatedNormal } from '../../../src/train/search/truncated-normal.js';

const relative = (actual: number, expected: number) => Math.abs(actual / expected - 1);

describe('logNormalCdf', () => {
  // scipy.special.log_ndtr
  test.each([
    [-300, -45006.62273211866],
    [-40, -804.6084420137539],
    [-10, -53.23128515051248],
    [-1, -1.8410216450092634],
    [-0.5, -1.1759117615936188],
    [0, -Math.LN2],
    [1, -0.1727537790234499],
    [5, -2.8665161296376294e-7],
    [10, -7.61985302416047e-24],
  ])('at %d is %d', (z, expected) => {
    expect(relative(logNormalCdf(z), expected)).toBeLessThan(1e-13);
  });
});

describe('logNormalMass', () => {
  test('is symmetric, also where a probability is too small for a double', () => {
    expect(logNormalMass(40, 41)).toBeCloseTo(logNormalCdf(-40), 9);
    fc.assert(
      fc.property(
        fc.double({ min: -60, max: 60, noNaN: true }),
        fc.double({ min: 0.01, max: 9, noNaN: true }),
        (a, d) => {
          const mass = logNormalMass(a, a + d);
          expect(mass).toBeLessThanOrEqual(0);
          expect(Number.isFinite(mass)).toBe(true);
          expect(relative(logNormalMass(-a - d, -a), mass)).toBeLessThan(1e-9);
        },
      ),
    );
  });

  test('is the density times the width where the interval is narrow', () => {
    const density = (z: number) => -(z * z) / 2 - Math.log(2 * Math.PI) / 2;
    for (const z of [-30, -3, 0, 0.5, 12]) {
      expect(logNormalMass(z - 5e-6, z + 5e-6)).toBeCloseTo(density(z) + Math.log(1e-5), 6);
    }
  });
});

describe('TruncatedNormal', () => {
  // scipy.stats.truncnorm.ppf, which is good to about nine digits
  test.each([
    [2, 0.5, 1, 4, 0.3, 1.760424480153078],
    [0, 1, 0, 5, 0.9999, 3.889204739962638],
    [5, 1, 0, 5, 1e-6, 0.19830761928699125],
    [1, 100, 0, 1, 0.25, 0.250005468775635],
  ])('mean %d, deviation %d on [%d, %d] has the quantile of %d at %d', (mean, deviation, low, high, u, expected) => {
    expect(relative(new TruncatedNormal(mean, deviation, low, high).quantile(u), expected)).toBeLessThan(1e-9);
  });

  test('a quantile lies within the range and has its share of the mass below it', () => {
    const unit = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(unit, fc.double({ min: 1e-3, max: 3, noNaN: true }), unit, (mean, deviation, u) => {
        const normal = new TruncatedNormal(mean, deviation, 0, 1);
        const x = normal.quantile(u);
        expect(x).toBeGreaterThanOrEqual(0);
        expect(x).toBeLessThanOrEqual(1);
        expect(Math.abs(Math.exp(normal.logProbability(0, x)) - u)).toBeLessThan(1e-9);
      }),
    );
  });

  test('has no density outside of its range, and integrates to 1 within', () => {
    const normal = new TruncatedNormal(3.9, 0.7, 1, 4);
    expect([normal.logDensity(0.999), normal.logDensity(4.001)]).toEqual([-Infinity, -Infinity]);
    const steps = 3000;
    let sum = 0;
    for (let i = 0; i < steps; i++) sum += Math.exp(normal.logDensity(1 + (3 * (i + 0.5)) / steps)) * (3 / steps);
    expect(sum).toBeCloseTo(1, 6);
  });
});
