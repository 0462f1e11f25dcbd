import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Split } from '../dataset/index.js';
import {
  type Prediction,
  type PredictionOrigin,
  PredictionsError,
  parsePredictionsCsv,
  predictionsFile,
  type ScoredFrame,
  scoredFrame,
} from '../run-folder/index.js';
import { evaluateCommand, staleScores } from './provenance.js';

/** The frames of a split with what a run answered. */
export interface ScoredSplit {
  readonly frames: readonly ScoredFrame[];
  /** SHA-256 over frames and labels; undefined where the run's folder does not say. */
  readonly data: string | undefined;
}

/**
 * What a run answered on the frames of a split, beside the truth.
 *
 * @throws PredictionsError where the run was not evaluated on that split, its predictions cannot be read, or they are
 *   of other weights than it has
 */
export async function readScoredFrames(run: string, split: Split): Promise<ScoredSplit> {
  const path = join(run, predictionsFile(split));
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new PredictionsError(`${path} cannot be read (${code}); ${await evaluateCommand(run, split)} writes it.`, {
      cause,
    });
  }
  const predictions = parsePredictionsCsv(text, path);
  const origin = commonOrigin(path, predictions);
  const stale = await staleScores(run, path, split, origin ?? {});
  if (stale !== undefined) throw new PredictionsError(stale);
  const frames = predictions.map((prediction) => {
    const frame = scoredFrame(prediction);
    if (frame === undefined) {
      throw new PredictionsError(
        `${path}: ${prediction.filename} has no truth or no scale to 512 px; evaluate the run again.`,
      );
    }
    return frame;
  });
  return { frames, data: origin?.data };
}

/**
 * Origin that all rows share.
 *
 * @throws PredictionsError where rows are of several weights, data sets or decodings
 */
export function commonOrigin(path: string, predictions: readonly Prediction[]): PredictionOrigin | undefined {
  const [first] = predictions;
  const text = ({ origin }: Prediction) => JSON.stringify(origin);
  const other = predictions.findIndex((one) => text(one) !== text(first));
  if (other < 0) return first?.origin;
  throw new PredictionsError(
    `${path}: rows 1 and ${other + 1} are of different weights, data sets or decodings; evaluate the run again.`,
  );
}
