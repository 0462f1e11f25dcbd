import {
  angleOfProgression,
  type Covariance,
  type HeatmapUncertainties,
  type Landmarks,
} from '../../../src/model/index.js';
import type { UncertainCase } from '../../../src/train/uncertainty/index.js';
import { normals, uniforms } from '../../support/normals.js';

export interface Simulation {
  readonly seed: number;
  /** Variance of the target Gaussians, px². */
  readonly blur: number;
  /** Standard deviation of the errors over that of the heatmaps without their blur. */
  readonly scale: number;
  /** Share of each landmark's error that all three have in common. */
  readonly common?: number;
}

const NAMES = ['ps1', 'ps2', 'fh1'] as const;

/**
 * Frames of a network that knows where it errs: each landmark has an ellipse of its own, its heatmap the covariance of
 * that ellipse and the blur of the targets, and its error is drawn from `scale` times the ellipse.
 */
export function simulatedCases(count: number, { seed, blur, scale, common = 0 }: Simulation): UncertainCase[] {
  const normal = normals(seed);
  const uniform = uniforms(seed + 1);
  return Array.from({ length: count }, () => {
    const truth = randomTruth(uniform);
    const shared = [normal(), normal()];
    const drawn = NAMES.map((name) => {
      const covariance = randomCovariance(uniform);
      const [u, v] = shared.map((value) => Math.sqrt(common) * value + Math.sqrt(1 - common) * normal());
      const l = Math.sqrt(covariance.xx);
      const m = covariance.xy / l;
      const error = { x: scale * l * u, y: scale * (m * u + Math.sqrt(covariance.yy - m * m) * v) };
      return {
        predicted: { x: truth[name].x + error.x, y: truth[name].y + error.y },
        heatmap: {
          covariance: { ...covariance, xx: covariance.xx + blur, yy: covariance.yy + blur },
          entropy: 3,
          peakMass: 0.5,
        },
      };
    });
    const [ps1, ps2, fh1] = drawn;
    const uncertainty: HeatmapUncertainties = { ps1: ps1.heatmap, ps2: ps2.heatmap, fh1: fh1.heatmap };
    return { truth, predicted: { ps1: ps1.predicted, ps2: ps2.predicted, fh1: fh1.predicted }, uncertainty };
  });
}

/** Landmarks with an angle far from 0° and 180°. */
function randomTruth(uniform: () => number): Landmarks {
  for (;;) {
    const point = (x: number, y: number) => ({ x: x + 60 * uniform(), y: y + 60 * uniform() });
    const truth = { ps1: point(250, 50), ps2: point(110, 70), fh1: point(270, 200) };
    const angle = angleOfProgression(truth) ?? 0;
    if (angle > 40 && angle < 140) return truth;
  }
}

/** Semi-axes from 2 to 12 px, in any direction. */
function randomCovariance(uniform: () => number): Covariance {
  const [a, b] = [2 + 10 * uniform(), 2 + 10 * uniform()];
  const turn = Math.PI * uniform();
  const [cos, sin] = [Math.cos(turn), Math.sin(turn)];
  return {
    xx: a * a * cos * cos + b * b * sin * sin,
    xy: (a * a - b * b) * cos * sin,
    yy: a * a * sin * sin + b * b * cos * cos,
  };
}
