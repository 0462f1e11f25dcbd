import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { heatmapCellSize, heatmapUncertainty } from '../../../src/model/index.js';

const CELLS = 32;

/** A map of CELLS×CELLS whose value is `value(x, y)`. */
function map(value: (x: number, y: number) => number): number[] {
  return Array.from({ length: CELLS * CELLS }, (_, i) => value(i % CELLS, Math.floor(i / CELLS)));
}

function normalized(values: readonly number[]): number[] {
  const sum = values.reduce((total, value) => total + value, 0);
  return values.map((value) => value / sum);
}

const gaussian = (x0: number, y0: number, sx: number, sy: number) => (x: number, y: number) =>
  Math.exp(-((x - x0) ** 2) / (2 * sx * sx) - (y - y0) ** 2 / (2 * sy * sy));

const layout = { height: CELLS, width: CELLS, cellSize: 1 };

describe('heatmapUncertainty', () => {
  it('finds the variances and the entropy of a Gaussian, and 1/12 for the position within a cell', () => {
    const { covariance, entropy, peakMass } = heatmapUncertainty(normalized(map(gaussian(15.3, 14.6, 2, 3))), layout);
    expect(covariance.xx).toBeCloseTo(4 + 1 / 12, 4);
    expect(covariance.yy).toBeCloseTo(9 + 1 / 12, 3);
    expect(covariance.xy).toBeCloseTo(0, 6);
    // Differential entropy of the normal distribution: 1 + ln 2π + ln σx·σy.
    expect(entropy).toBeCloseTo(1 + Math.log(2 * Math.PI) + Math.log(6), 4);
    // Nine cells of a density of 1/(2π·6) at its middle.
    expect(peakMass).toBeGreaterThan(0.8 * (9 / (12 * Math.PI)));
    expect(peakMass).toBeLessThan(9 / (12 * Math.PI));
  });

  it('sees in which direction a heatmap extends', () => {
    const diagonal = normalized(map((x, y) => Math.exp(-((x - y) ** 2) / 4 - (x + y - 31) ** 2 / 50)));
    const { covariance } = heatmapUncertainty(diagonal, layout);
    // The variance of x + y is 25, that of x − y is 2: xx = (25 + 2)/4 and xy = (25 − 2)/4.
    expect(covariance.xx).toBeCloseTo(27 / 4 + 1 / 12, 3);
    expect(covariance.yy).toBeCloseTo(27 / 4 + 1 / 12, 3);
    expect(covariance.xy).toBeCloseTo(23 / 4, 3);
  });

  it('is as sure as a cell allows where all mass is in one', () => {
    const single = map((x, y) => Number(x === 4 && y === 0));
    expect(heatmapUncertainty(single, { ...layout, cellSize: 8 })).toEqual({
      covariance: { xx: 64 / 12, xy: 0, yy: 64 / 12 },
      entropy: 0,
      peakMass: 1,
    });
  });

  it('knows nothing where the heatmap is uniform', () => {
    const { covariance, entropy, peakMass } = heatmapUncertainty(
      map(() => 1 / CELLS ** 2),
      layout,
    );
    expect(covariance.xx).toBeCloseTo(CELLS ** 2 / 12, 8);
    expect(entropy).toBeCloseTo(Math.log(CELLS ** 2), 8);
    // The first of equal cells is a corner, which has three neighbours.
    expect(peakMass).toBeCloseTo(4 / CELLS ** 2, 8);
  });

  it('counts the way from the heatmap to a point that is not its mean', () => {
    const values = normalized(map(gaussian(15, 15, 1, 1)));
    const { covariance } = heatmapUncertainty(values, { ...layout, point: { x: 18, y: 11 } });
    expect(covariance.xx).toBeCloseTo(1 + 9 + 1 / 12, 4);
    expect(covariance.yy).toBeCloseTo(1 + 16 + 1 / 12, 4);
    expect(covariance.xy).toBeCloseTo(-12, 4);
  });

  it('reads one of several interleaved maps', () => {
    const [a, b] = [normalized(map(gaussian(9, 20, 1, 2))), normalized(map(gaussian(15, 9, 3, 1)))];
    const both = Float32Array.from({ length: 2 * CELLS ** 2 }, (_, i) => (i % 2 === 0 ? a : b)[i >> 1]);
    const second = heatmapUncertainty(both, { ...layout, channels: 2, channel: 1 });
    expect(second.covariance.xx).toBeCloseTo(heatmapUncertainty(b, layout).covariance.xx, 4);
    expect(second.covariance.xx).toBeCloseTo(9 + 1 / 12, 3);
  });

  it('is not led astray by the background of scores, nor by their scale', () => {
    const clean = gaussian(15, 15, 2, 2);
    const scores = map((x, y) => 0.7 * clean(x, y) + 0.03 * Math.sin(12.9898 * x + 78.233 * y));
    const { covariance } = heatmapUncertainty(scores, { ...layout, values: 'scores' });
    expect(covariance.xx).toBeGreaterThan(3);
    expect(covariance.xx).toBeLessThan(4.5);
    // The same values taken for probabilities: the background outweighs the peak.
    expect(heatmapUncertainty(scores, layout).covariance.xx).toBeGreaterThan(15);
  });

  it('keeps both peaks of scores', () => {
    const scores = map((x, y) => gaussian(6, 15, 1, 1)(x, y) + gaussian(26, 15, 1, 1)(x, y));
    expect(heatmapUncertainty(scores, { ...layout, values: 'scores' }).covariance.xx).toBeGreaterThan(99);
  });

  it('takes scores without a positive one for uniform', () => {
    const { entropy } = heatmapUncertainty(
      map(() => -0.2),
      { ...layout, values: 'scores' },
    );
    expect(entropy).toBeCloseTo(Math.log(CELLS ** 2), 8);
  });

  it('never has less than the resolution, more than the frame, or a share outside 0 to 1', () => {
    const values = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 12, maxLength: 12 });
    fc.assert(
      fc.property(values, (given) => {
        const { covariance, entropy, peakMass } = heatmapUncertainty(given, { height: 3, width: 4, cellSize: 1 });
        expect(covariance.xx).toBeGreaterThanOrEqual(1 / 12);
        expect(covariance.xx).toBeLessThanOrEqual(9 / 4 + 1 / 12 + 1e-9);
        expect(covariance.xy ** 2).toBeLessThanOrEqual(covariance.xx * covariance.yy + 1e-12);
        expect(entropy).toBeGreaterThanOrEqual(0);
        expect(entropy).toBeLessThanOrEqual(Math.log(12) + 1e-9);
        expect(peakMass).toBeGreaterThan(0);
        expect(peakMass).toBeLessThanOrEqual(1);
      }),
    );
  });
});

describe('heatmapCellSize', () => {
  it('is an eighth of 512 px between cell centres, or what the linspace grid makes of it', () => {
    expect(heatmapCellSize(64, 512, 'pixel-centre')).toBe(8);
    expect(heatmapCellSize(64, 512, 'linspace')).toBeCloseTo(511 / 63, 12);
    expect(heatmapCellSize(16, 128, 'linspace')).toBeCloseTo((127 / 15) * 4, 12);
  });
});
