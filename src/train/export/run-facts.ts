import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { ENVIRONMENT_FILE, type RunEnvironment, readMetricsFile, type SplitMetrics } from '../run-folder/index.js';
import { RUN_FILE, readRunStart } from '../run-folder/run-start.js';
import { readSeenCorrections, type SeenCorrections } from '../run-folder/seen-corrections.js';
import { readJson, TRAINING_SET_FILE, type TrainingSetSummary } from '../run-folder/training-set.js';

/**
 * What a run's folder tells of how its weights came about, and of how well they do. Whatever is missing there is
 * absent.
 */
export interface RunFacts {
  /** Names of the data sets' folders. */
  readonly datasets: readonly string[];
  readonly trainingFrames?: number;
  /** Those that the weights have seen. */
  readonly corrections: SeenCorrections;
  readonly environment?: RunEnvironment;
  /** Scores of exactly these weights, read in exactly this way, by split. */
  readonly scores: readonly (readonly [split: string, metrics: SplitMetrics])[];
}

/**
 * @param weights Bytes of the weights file.
 * @param decoding How they are read.
 * @throws RunError for a damaged file; RunFolderError for damaged scores
 */
export async function readRunFacts(run: string, weights: Uint8Array, decoding: string): Promise<RunFacts> {
  const written = async <T>(name: string) => (await readJson(join(run, name))) as T | undefined;
  const start = existsSync(join(run, RUN_FILE)) ? await readRunStart(run) : undefined;
  const summary = await written<TrainingSetSummary>(TRAINING_SET_FILE);
  const sha256 = createHash('sha256').update(weights).digest('hex');
  const scores = Object.entries((await readMetricsFile(run)) ?? {}).filter(
    ([, one]) => one?.weights === sha256 && one.decoding === decoding,
  );
  return {
    datasets: start?.data?.map(({ folder }) => basename(folder)) ?? [],
    trainingFrames: summary?.frames,
    corrections: await readSeenCorrections(run),
    environment: await written<RunEnvironment>(ENVIRONMENT_FILE),
    scores,
  };
}
