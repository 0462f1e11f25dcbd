import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { scaleTo512 } from '../../model/coordinates.js';
import type { Landmarks } from '../../model/landmarks.js';
import type { NetworkFrame } from '../dataset/frames.js';
import { meanLandmarks } from '../metrics/index.js';
import { RunError } from './run-error.js';

/** What a run remembers of the frames it was trained on: the landmarks that a model without eyes would predict. */
export interface TrainingSetSummary {
  readonly frames: number;
  /** Mean training landmarks, px of a 512 frame. */
  readonly meanLandmarks: Landmarks;
  /** The data sets that they are of. Absent where the frames were given, and in files of older versions. */
  readonly sets?: readonly TrainedSet[];
}

/** A data set that a run was trained on. */
export interface TrainedSet {
  readonly name: string;
  readonly weight: number;
  /** Its training frames, without those replaced. */
  readonly frames: number;
  /** Training frames of which a later data set has the same picture, so that they were left out. */
  readonly replaced: number;
}

export const TRAINING_SET_FILE = 'training-set.json';

export function summarizeTrainingSet(frames: readonly NetworkFrame[]): TrainingSetSummary {
  const truths = frames.map(({ landmarks, size }) => scaleTo512(landmarks, size));
  return { frames: frames.length, meanLandmarks: meanLandmarks(truths) };
}

/** @throws RunError where a folder does not say what its run was trained on */
export async function readTrainingSet(run: string): Promise<TrainingSetSummary> {
  const path = join(run, TRAINING_SET_FILE);
  const summary = await readJson(path);
  if (!summary) {
    throw new RunError(`${path} is missing; give the folder of a run that npm run train has written.`);
  }
  return summary as unknown as TrainingSetSummary;
}

/** A file's JSON object, or undefined where there is no such file. */
export async function readJson(path: string): Promise<Record<string, unknown> | undefined> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as Record<string, unknown>;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new RunError(
      `${path} cannot be read (${(cause as Error).message}); it is damaged, move it away or train again.`,
      { cause },
    );
  }
}
