import { describe, expect, it } from 'vitest';
import {
  disagreement,
  ensembleUncertainty,
  frameUncertainty,
  type HeatmapUncertainties,
  type Landmarks,
  pointCovariance,
} from '../../../src/model/index.js';

const landmarks: Landmarks = { ps1: { x: 280, y: 70 }, ps2: { x: 160, y: 100 }, fh1: { x: 320, y: 200 } };
const heatmap = (variance: number) => ({
  covariance: { xx: variance, xy: 0, yy: variance },
  entropy: Math.log(variance),
  peakMass: 1 / variance,
});
const heatmaps: HeatmapUncertainties = { ps1: heatmap(2), ps2: heatmap(8), fh1: heatmap(18) };

describe('frameUncertainty', () => {
  it('takes the heatmaps as they are without a calibration, and flags nothing', () => {
    const { landmarks: each, predictedError, lowConfidence } = frameUncertainty(landmarks, heatmaps);
    expect([each.ps1, each.ps2, each.fh1].map((one) => one.predictedError)).toEqual([2, 4, 6]);
    expect(predictedError).toBeCloseTo(4, 12);
    expect(lowConfidence).toBeUndefined();
  });

  const plain = { scale: 1, blur: 0, floor: 0 };
  const identity = { landmarks: { ps1: plain, ps2: plain, fh1: plain }, angleScale: 1, threshold: null };

  it('takes the blur off the variances, multiplies standard deviations, and goes no lower than the floor', () => {
    const slanted = { ...heatmap(1), covariance: { xx: 50, xy: 20, yy: 50 } };
    const calibration = {
      ...identity,
      landmarks: {
        ps1: { scale: 3, blur: 1, floor: 0 },
        ps2: { scale: 1, blur: 7, floor: 4 },
        fh1: { scale: 0.5, blur: 10, floor: 6 },
      },
    };
    const { landmarks: each } = frameUncertainty(landmarks, { ...heatmaps, fh1: slanted }, calibration);
    expect(each.ps1.covariance.xx).toBeCloseTo(9, 12);
    expect(each.ps2.covariance.xx).toBeCloseTo(4, 12);
    expect(each.ps2.entropy).toBe(heatmaps.ps2.entropy);
    // Variances of 70 and 30 along the diagonals become 15 and 6, which 5 would have been.
    expect(each.fh1.covariance.xx).toBeCloseTo((15 + 6) / 2, 12);
    expect(each.fh1.covariance.xy).toBeCloseTo((15 - 6) / 2, 12);
    expect(each.fh1.predictedError).toBeCloseTo(Math.sqrt(21), 12);
  });

  it('computes the angle from calibrated landmarks, with a factor of its own', () => {
    const raw = frameUncertainty(landmarks, heatmaps).aop?.sd ?? Number.NaN;
    const double = { ...plain, scale: 2 };
    const once = { ...identity, landmarks: { ps1: double, ps2: double, fh1: double } };
    expect(frameUncertainty(landmarks, heatmaps, once).aop?.sd).toBeCloseTo(2 * raw, 12);
    expect(frameUncertainty(landmarks, heatmaps, { ...once, angleScale: 1.5 }).aop?.sd).toBeCloseTo(3 * raw, 12);
    expect(frameUncertainty({ ...landmarks, ps2: landmarks.ps1 }, heatmaps, once).aop).toBeUndefined();
  });

  it('flags what is above the threshold', () => {
    const flag = (threshold: number | null) =>
      frameUncertainty(landmarks, heatmaps, { ...identity, threshold }).lowConfidence;
    expect([flag(3.9), flag(4.1), flag(null)]).toEqual([true, false, undefined]);
  });
});

describe('ensembles', () => {
  const shifted = (dx: number, dy: number): Landmarks => ({
    ...landmarks,
    fh1: { x: landmarks.fh1.x + dx, y: landmarks.fh1.y + dy },
  });

  it('disagree by the sample covariance of their points', () => {
    const points = [
      { x: 1, y: 1 },
      { x: 3, y: 2 },
      { x: 5, y: 6 },
    ];
    // Deviations (−2, −2), (0, −1), (2, 3).
    expect(pointCovariance(points).xx).toBeCloseTo(4, 12);
    expect(pointCovariance(points).xy).toBeCloseTo(5, 12);
    expect(pointCovariance(points).yy).toBeCloseTo(7, 12);
    expect(pointCovariance(points.slice(0, 1))).toEqual({ xx: 0, xy: 0, yy: 0 });
    expect(disagreement([shifted(-3, -4).fh1, shifted(3, 4).fh1])).toBeCloseTo(Math.sqrt(50), 12);
  });

  it('are as unsure as their members where these agree', () => {
    const member = { landmarks, heatmaps };
    const combined = ensembleUncertainty([member, member, member]);
    for (const name of ['ps1', 'ps2', 'fh1'] as const) {
      expect(combined[name].covariance.xx).toBeCloseTo(heatmaps[name].covariance.xx, 10);
      expect(combined[name].entropy).toBeCloseTo(heatmaps[name].entropy, 10);
    }
  });

  it('add the variance between members to that within (law of total variance)', () => {
    const wide = { ...heatmaps, fh1: heatmap(30) };
    const combined = ensembleUncertainty([
      { landmarks: shifted(-3, -4), heatmaps },
      { landmarks: shifted(3, 4), heatmaps: wide },
    ]);
    expect(combined.fh1.covariance.xx).toBeCloseTo(24 + 9, 10);
    expect(combined.fh1.covariance.xy).toBeCloseTo(12, 10);
    expect(combined.fh1.covariance.yy).toBeCloseTo(24 + 16, 10);
    expect(combined.fh1.peakMass).toBeCloseTo((1 / 18 + 1 / 30) / 2, 10);
    expect(combined.ps1.covariance.xx).toBeCloseTo(2, 10);
    expect([combined.ps1.disagreement, combined.fh1.disagreement]).toEqual([0, Math.sqrt(50)]);
    expect(() => ensembleUncertainty([])).toThrow(RangeError);
  });
});
