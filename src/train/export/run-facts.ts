import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { TRAINING_SET_FILE, type TrainingSetSummary } from '../loop/evaluate.js';
import { RUN_FILE, type RunStart } from '../loop/run.js';
import {
  type CalibrationKey,
  ENVIRONMENT_FILE,
  type RunEnvironment,
  readMetricsFile,
  type SplitMetrics,
} from '../run-folder/index.js';
import { ExportError } from './errors.js';

/** What a run's folder tells of how its weights came about, and of how well they do. Whatever is missing there is absent. */
export interface RunFacts {
  /** Name of the data set's folder. */
  readonly dataset?: string;
  readonly trainingFrames?: number;
  readonly environment?: RunEnvironment;
  /** Scores of exactly these weights, read in exactly this way, by split. */
  readonly scores: readonly (readonly [split: string, metrics: SplitMetrics])[];
}

/** @throws ExportError for a damaged file; RunFolderError for damaged scores */
export async function readRunFacts(run: string, { checkpoint, epoch, decoding }: CalibrationKey): Promise<RunFacts> {
  const start = await readIfThere<RunStart>(join(run, RUN_FILE));
  const summary = await readIfThere<TrainingSetSummary>(join(run, TRAINING_SET_FILE));
  const scores = Object.entries((await readMetricsFile(run)) ?? {}).filter(
    ([, one]) => one?.checkpoint === checkpoint && one.epoch === epoch && one.decoding === decoding,
  );
  return {
    dataset: start?.data === undefined ? undefined : basename(start.data),
    trainingFrames: summary?.frames,
    environment: await readIfThere<RunEnvironment>(join(run, ENVIRONMENT_FILE)),
    scores,
  };
}

async function readIfThere<T>(path: string): Promise<T | undefined> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as T;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new ExportError(`${path} cannot be read (${(cause as Error).message}); it is damaged, move it away.`, {
      cause,
    });
  }
}
