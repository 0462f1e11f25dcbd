import type { Landmarks, Point } from '../../model/landmarks.js';
import type { LandmarkCase } from '../metrics/index.js';
import type { Prediction } from './predictions.js';

/** A frame of which prediction and truth are known, in pixels of a 512 px frame. */
export interface ScoredFrame extends LandmarkCase {
  readonly filename: string;
}

/** The file in a run's folder with its predictions of a split. */
export function predictionsFile(split: string): string {
  return split === 'test' ? 'predictions.csv' : `predictions-${split}.csv`;
}

/**
 * A prediction in pixels of a 512 px frame; undefined without truth or scale. Whole numbers are pixel centres before
 * and after. What was cropped away moves all points alike, which no error shows.
 */
export function scoredFrame({ filename, predicted, truth, scale }: Prediction): ScoredFrame | undefined {
  if (truth === undefined || scale === undefined) return undefined;
  const scalePoint = ({ x, y }: Point): Point => ({ x: (x + 0.5) * scale - 0.5, y: (y + 0.5) * scale - 0.5 });
  const scaled = ({ ps1, ps2, fh1 }: Landmarks): Landmarks => ({
    ps1: scalePoint(ps1),
    ps2: scalePoint(ps2),
    fh1: scalePoint(fh1),
  });
  return { filename, predicted: scaled(predicted), truth: scaled(truth) };
}
