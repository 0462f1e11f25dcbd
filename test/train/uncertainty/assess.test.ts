import { describe, expect, it } from 'vitest';
import type { Calibration, Landmarks } from '../../../src/model/index.js';
import {
  assessUncertainty,
  type UncertainCase,
  uncertaintyAssessmentSchema,
} from '../../../src/train/uncertainty/index.js';
import { simulatedCases } from './simulated.js';

const truth: Landmarks = { ps1: { x: 280, y: 70 }, ps2: { x: 160, y: 100 }, fh1: { x: 320, y: 200 } };

/** A frame whose landmarks are all `error` px too far right, with round heatmaps of variance `variance`. */
function frame(error: number, variance: number): UncertainCase {
  const right = ({ x, y }: { x: number; y: number }) => ({ x: x + error, y });
  const heatmap = { covariance: { xx: variance, xy: 0, yy: variance }, entropy: 2, peakMass: 0.5 };
  return {
    truth,
    predicted: { ps1: right(truth.ps1), ps2: right(truth.ps2), fh1: right(truth.fh1) },
    uncertainty: { ps1: heatmap, ps2: heatmap, fh1: heatmap },
  };
}

const plain = { scale: 1, blur: 0, floor: 0 };
const identity: Calibration = { landmarks: { ps1: plain, ps2: plain, fh1: plain }, angleScale: 1, threshold: null };

describe('assessUncertainty', () => {
  it('counts the errors within one, two and three standard deviations', () => {
    // Distances of 0.5, 1.5, 1.5, 2.5 and 4 standard deviations of 2 px.
    const { raw } = assessUncertainty([1, 3, 3, 5, 8].map((error) => frame(error, 4)));
    expect(raw.all.count).toBe(15);
    expect(raw.perLandmark.fh1.withinSigma.map(({ observed }) => observed)).toEqual([1 / 5, 3 / 5, 4 / 5]);
    // χ² with two degrees of freedom: 39.3 %, 86.5 % and 98.9 %; normal: 68.3 %, 95.4 % and 99.7 %.
    const expected = (reliability: typeof raw.aop) => reliability?.withinSigma.map(({ expected }) => expected) ?? [];
    for (const [i, share] of [0.3935, 0.8647, 0.9889].entries()) expect(expected(raw.all)[i]).toBeCloseTo(share, 4);
    for (const [i, share] of [0.6827, 0.9545, 0.9973].entries()) expect(expected(raw.aop)[i]).toBeCloseTo(share, 4);
  });

  it('knows the radius that holds a share: √(−2·ln(1 − p))', () => {
    const radius = 2 * Math.sqrt(-2 * Math.log(0.05));
    const at = (error: number) =>
      assessUncertainty([frame(error, 4)]).raw.perLandmark.ps1.coverage.map(({ observed }) => observed);
    // Levels 0.1 … 0.9, 0.95, 0.99.
    expect(at(radius * 0.999)).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1]);
    expect(at(radius * 1.001)).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
  });

  it('sets predicted against actual root mean squares in groups of equal size', () => {
    const cases = [
      ...Array.from({ length: 10 }, (_, i) => frame(i < 5 ? 1 : 7, 2)),
      ...Array.from({ length: 10 }, () => frame(8, 50)),
    ];
    const { bins, ence, rankCorrelation } = assessUncertainty(cases).raw.perLandmark.ps2;
    // √(2·2) and √(2·50); √((1 + 49)/2) and 8.
    expect(bins).toEqual([
      { count: 10, predicted: 2, actual: 5 },
      { count: 10, predicted: 10, actual: 8 },
    ]);
    expect(ence).toBeCloseTo((3 / 2 + 2 / 10) / 2, 12);
    expect(rankCorrelation).toBeGreaterThan(0.8);
  });

  it('leaves frames without an angle out of the angle', () => {
    const collapsed = { ...frame(3, 4), predicted: { ...truth, ps2: truth.ps1 } };
    expect(assessUncertainty([frame(3, 4), collapsed]).raw.aop?.count).toBe(1);
    expect(assessUncertainty([collapsed]).raw.aop).toBeUndefined();
  });

  it('compares the flagged frames with the others', () => {
    const cases = [frame(2, 2), frame(4, 2), frame(20, 50)];
    expect(assessUncertainty(cases).flag).toBeUndefined();
    expect(assessUncertainty(cases, identity).flag).toBeUndefined();
    const { flag } = assessUncertainty(cases, { ...identity, threshold: 5 });
    expect(flag).toMatchObject({ threshold: 5, flagged: { count: 1, apd: 20 }, others: { count: 2, apd: 3 } });
    expect(assessUncertainty(cases, { ...identity, threshold: 50 }).flag?.flagged).toEqual({ count: 0 });
  });

  it('has what its schema says', () => {
    const cases = simulatedCases(50, { seed: 8, blur: 50, scale: 1 });
    const found = assessUncertainty(cases, { ...identity, threshold: 20 });
    expect(uncertaintyAssessmentSchema.parse(JSON.parse(JSON.stringify(found)))).toEqual(found);
  });
});
