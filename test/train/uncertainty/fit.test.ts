import { describe, expect, it } from 'vitest';
import { MetricsError } from '../../../src/train/metrics/index.js';
import { assessUncertainty, fitCalibration } from '../../../src/train/uncertainty/index.js';
import { simulatedCases } from './simulated.js';

const NAMES = ['ps1', 'ps2', 'fh1'] as const;

describe('fitCalibration', () => {
  it('finds the blur that covers the errors, and the scale', () => {
    const { landmarks, angleScale } = fitCalibration(simulatedCases(600, { seed: 1, blur: 400, scale: 1.7 }));
    for (const name of NAMES) {
      const { scale, blur, floor } = landmarks[name];
      expect(Math.abs(blur - 400)).toBeLessThan(8);
      expect(Math.abs(scale - 1.7)).toBeLessThan(0.17);
      expect(floor).toBeGreaterThan(0);
      // The surest of 600 ellipses has a semi-axis little above 2 px.
      expect(floor).toBeLessThan((1.7 * 4) ** 2);
    }
    expect(Math.abs(angleScale - 1)).toBeLessThan(0.1);
  });

  it.each([
    ['too wide', { blur: 900, scale: 0.4 }],
    ['too narrow', { blur: 0, scale: 3 }],
  ])('makes regions hold what they should, on frames it has not seen, of heatmaps that were %s', (_, model) => {
    const calibration = fitCalibration(simulatedCases(100, { seed: 2, ...model }));
    const { raw, calibrated } = assessUncertainty(simulatedCases(800, { seed: 3, ...model }), calibration);
    const observed = (reliability: typeof raw.all | undefined, level: number) =>
      reliability?.coverage.find((one) => one.level === level)?.observed ?? Number.NaN;
    expect(Math.abs(observed(raw.all, 0.5) - 0.5)).toBeGreaterThan(0.3);
    for (const level of [0.5, 0.8, 0.95]) {
      // Fitted on 100 frames, a scale is off by 5 %.
      expect(Math.abs(observed(calibrated?.all, level) - level)).toBeLessThan(0.05);
      expect(Math.abs(observed(calibrated?.aop, level) - level)).toBeLessThan(0.06);
    }
    expect(calibrated?.all.ence).toBeLessThan(0.12);
    expect(raw.all.ence).toBeGreaterThan(0.4);
    expect(calibrated?.all.rankCorrelation).toBeGreaterThan(0.3);
  });

  it('gives the angle less where landmarks err together', () => {
    const model = { seed: 4, blur: 100, scale: 1 };
    const apart = fitCalibration(simulatedCases(300, model)).angleScale;
    const together = fitCalibration(simulatedCases(300, { ...model, common: 0.8 })).angleScale;
    expect(together).toBeLessThan(0.8 * apart);
  });

  it('estimates no blur from fewer than ten frames, and flags nothing', () => {
    const few = fitCalibration(simulatedCases(9, { seed: 5, blur: 400, scale: 1 }));
    for (const name of NAMES) expect(few.landmarks[name].blur).toBe(0);
    expect(few.threshold).toBeNull();
    expect(fitCalibration(simulatedCases(10, { seed: 5, blur: 400, scale: 1 })).landmarks.ps1.blur).toBeGreaterThan(0);
  });

  it('refuses no frames, and what is no number', () => {
    expect(() => fitCalibration([])).toThrow(MetricsError);
    const [one] = simulatedCases(1, { seed: 7, blur: 1, scale: 1 });
    const broken = { ...one, predicted: { ...one.predicted, fh1: { x: Number.NaN, y: 3 } } };
    expect(() => fitCalibration([one, broken])).toThrow(/Frame 1 has its predicted FH1 at \(NaN, 3\)/);
  });

  it('stays finite where nothing errs, and where no frame has an angle', () => {
    const perfect = simulatedCases(30, { seed: 6, blur: 100, scale: 0 });
    const { landmarks, angleScale } = fitCalibration(perfect);
    for (const name of NAMES) expect(landmarks[name].scale).toBe(1e-3);
    expect(angleScale).toBeGreaterThan(0);
    const collapsed = perfect.map((one) => ({ ...one, predicted: { ...one.predicted, fh1: one.predicted.ps1 } }));
    expect(fitCalibration(collapsed).angleScale).toBe(1);
  });
});
