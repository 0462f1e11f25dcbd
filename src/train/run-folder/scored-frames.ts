import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Split } from '../dataset/index.js';
import type { Landmarks, Point } from '../landmarks.js';
import type { LandmarkCase } from '../metrics/index.js';
import { type Prediction, PredictionsError, parsePredictionsCsv } from './predictions.js';

/** A frame of which prediction and truth are known, in pixels of a 512 px frame. */
export interface ScoredFrame extends LandmarkCase {
  readonly filename: string;
}

/** The file in a run's folder with its predictions of a split. */
export function predictionsFile(split: string): string {
  return split === 'test' ? 'predictions.csv' : `predictions-${split}.csv`;
}

/**
 * What a run answered on the frames of a split, beside the truth.
 *
 * @throws PredictionsError where the run was not evaluated on that split, or its predictions cannot be read
 */
export async function readScoredFrames(run: string, split: Split): Promise<ScoredFrame[]> {
  const path = join(run, predictionsFile(split));
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new PredictionsError(
      `${path} cannot be read (${code}); npm run evaluate -- --run ${run} --data … --split ${split} writes it.`,
      { cause },
    );
  }
  return parsePredictionsCsv(text, path).map((prediction) => {
    const frame = scoredFrame(prediction);
    if (frame === undefined) {
      throw new PredictionsError(
        `${path}: ${prediction.filename} has no truth or no scale to 512 px; evaluate the run again.`,
      );
    }
    return frame;
  });
}

/**
 * A prediction in pixels of a 512 px frame; undefined without truth or scale. Whole numbers are pixel centres before and after.
 * What was cropped away moves all points alike, which no error shows.
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
