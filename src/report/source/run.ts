import { existsSync } from 'node:fs';
import { z } from 'zod';
import { ENSEMBLE_FILE } from '../../train/predict/ensemble.js';
import {
  ENVIRONMENT_FILE,
  type RunEnvironment,
  runEnvironmentSchema,
  type ScoredFrame,
  type SplitMetrics,
} from '../../train/run-folder/index.js';
import { CALIBRATION_FILE, calibrationFileSchema, type StoredCalibration } from '../../train/uncertainty/index.js';
import { readScoredFrames } from './cases.js';
import { type Epoch, readEpochs } from './epochs.js';
import { type Note, SourceFolder } from './file.js';
import { type EmbeddedPicture, readGallery } from './gallery.js';
import { readScores } from './scores.js';
import { readSettings, type Settings } from './settings.js';

/** All that a report knows of a run. Whatever the folder lacks is empty or undefined. */
export interface ReportedRun {
  /** Distinguishes the run from the others of the report. */
  readonly name: string;
  /** Folder, as it was given. */
  readonly path: string;
  readonly settings: Settings;
  readonly epochs: readonly Epoch[];
  /** On the report's split; undefined where it was not evaluated there. */
  readonly scores: SplitMetrics | undefined;
  /** On the same frames, the heatmaps read in other ways than the run's own. */
  readonly otherReadings: readonly SplitMetrics[];
  readonly frames: readonly ScoredFrame[];
  readonly gallery: readonly EmbeddedPicture[];
  /** What its predicted errors were calibrated with. */
  readonly calibration: StoredCalibration | undefined;
  /** Frames it was trained on. */
  readonly trainingFrames: number | undefined;
  readonly environment: Partial<RunEnvironment> | undefined;
}

/** Reads a run's folder. What is missing or damaged is said to `note` in a sentence, and the rest goes on. */
export async function readRun(path: string, name: string, split: string, note: Note): Promise<ReportedRun> {
  const folder = new SourceFolder(path, note);
  const { own: scores, others: otherReadings } = await readScores(folder, split);
  const summary = await folder.json('training-set.json', z.object({ frames: z.int() }));
  return {
    name,
    path,
    scores,
    otherReadings,
    settings: await readSettings(folder),
    // An ensemble is put together, not trained.
    epochs: existsSync(folder.file(ENSEMBLE_FILE)) ? [] : await readEpochs(folder),
    frames: scores ? await readScoredFrames(folder, split) : [],
    gallery: scores ? await readGallery(folder, split) : [],
    calibration: scores && (await readCalibration(folder, scores)),
    trainingFrames: summary?.frames,
    environment: await folder.json(ENVIRONMENT_FILE, runEnvironmentSchema.partial()),
  };
}

/** The calibration with which the scores' predicted errors were made. */
async function readCalibration(
  folder: SourceFolder,
  { checkpoint, epoch, decoding }: SplitMetrics,
): Promise<StoredCalibration | undefined> {
  const calibrations = (await folder.json(CALIBRATION_FILE, calibrationFileSchema)) ?? [];
  return calibrations.find((one) => one.checkpoint === checkpoint && one.epoch === epoch && one.decoding === decoding);
}
