import type { Landmarks, Point } from '../../model/landmarks.js';
import { mean } from './distribution.js';
import { evaluateLandmarks, MetricsError } from './evaluate.js';

/**
 * The mean position of each landmark over a training set: the predictor that looks at no image. A model has learnt
 * something when its distance on other frames is clearly below this one's.
 *
 * @throws MetricsError without landmarks
 */
export function meanLandmarks(truths: readonly Landmarks[]): Landmarks {
  if (truths.length === 0) throw new MetricsError('There are 0 labelled frames to average; give at least 1.');
  const meanPoint = (name: keyof Landmarks): Point => ({
    x: mean(truths.map((truth) => truth[name].x)),
    y: mean(truths.map((truth) => truth[name].y)),
  });
  return { ps1: meanPoint('ps1'), ps2: meanPoint('ps2'), fh1: meanPoint('fh1') };
}

/**
 * What predicting the mean position of the training landmarks scores, px of a 512 px frame: the model that does not
 * look.
 */
export function apdOfMean(meanPositions: Landmarks, truths: readonly Landmarks[]): number {
  return evaluateLandmarks(truths.map((truth) => ({ predicted: meanPositions, truth }))).apd;
}
