import { describe, expect, it } from 'vitest';
import {
  ensembleHeatmaps,
  type FrameHeatmaps,
  frameUncertainty,
  type Landmarks,
  pointCovariance,
} from '../../../src/model/index.js';

const landmarks: Landmarks = { ps1: { x: 280, y: 70 }, ps2: { x: 160, y: 100 }, fh1: { x: 320, y: 200 } };
const heatmap = (variance: number) => ({
  covariance: { xx: variance, xy: 0, yy: variance },
  entropy: Math.log(variance),
  peakMass: 1 / variance,
});
const heatmaps: FrameHeatmaps = { ps1: heatmap(2), ps2: heatmap(8), fh1: heatmap(18) };

describe('frameUncertainty', () => {
  it('takes the heatmaps as they are without a calibration, and flags nothing', () => {
    const { landmarks: each, predictedError, lowConfidence } = frameUncertainty(landmarks, heatmaps);
    expect([each.ps1, each.ps2, each.fh1].map((one) => one.predictedError)).toEqual([2, 4, 6]);
    expect(predictedError).toBeCloseTo(Math.sqrt((4 + 16 + 36) / 3), 12);
    expect(lowConfidence).toBeUndefined();
  });

  it('multiplies standard deviations by their factors, and the angle by its own besides', () => {
    const scale = { ps1: 3, ps2: 0.5, fh1: 1 };
    const once = frameUncertainty(landmarks, heatmaps, { scale, angleScale: 1, threshold: null });
    expect(once.landmarks.ps1.predictedError).toBeCloseTo(6, 12);
    expect(once.landmarks.ps2.covariance.xx).toBeCloseTo(2, 12);
    expect(once.landmarks.ps2.entropy).toBe(heatmaps.ps2.entropy);
    const twice = frameUncertainty(landmarks, heatmaps, { scale, angleScale: 2, threshold: null });
    expect(twice.aop?.sd).toBeCloseTo(2 * (once.aop?.sd ?? Number.NaN), 12);
    expect(once.aop?.sd).not.toBeCloseTo(frameUncertainty(landmarks, heatmaps).aop?.sd ?? Number.NaN, 3);
  });

  it('flags what is above the threshold', () => {
    const scale = { ps1: 1, ps2: 1, fh1: 1 };
    const flag = (threshold: number | null) =>
      frameUncertainty(landmarks, heatmaps, { scale, angleScale: 1, threshold }).lowConfidence;
    expect([flag(4), flag(5), flag(null)]).toEqual([true, false, undefined]);
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
  });

  it('are as unsure as their members where these agree', () => {
    const member = { landmarks, heatmaps };
    const combined = ensembleHeatmaps([member, member, member]);
    for (const name of ['ps1', 'ps2', 'fh1'] as const) {
      expect(combined[name].covariance.xx).toBeCloseTo(heatmaps[name].covariance.xx, 10);
      expect(combined[name].entropy).toBeCloseTo(heatmaps[name].entropy, 10);
    }
  });

  it('add the variance between members to that within (law of total variance)', () => {
    const wide = { ...heatmaps, fh1: heatmap(30) };
    const combined = ensembleHeatmaps([
      { landmarks: shifted(-3, -4), heatmaps },
      { landmarks: shifted(3, 4), heatmaps: wide },
    ]);
    expect(combined.fh1.covariance.xx).toBeCloseTo(24 + 9, 10);
    expect(combined.fh1.covariance.xy).toBeCloseTo(12, 10);
    expect(combined.fh1.covariance.yy).toBeCloseTo(24 + 16, 10);
    expect(combined.fh1.peakMass).toBeCloseTo((1 / 18 + 1 / 30) / 2, 10);
    expect(combined.ps1.covariance.xx).toBeCloseTo(2, 10);
    expect(() => ensembleHeatmaps([])).toThrow(RangeError);
  });
});
