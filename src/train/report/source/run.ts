import { z } from 'zod';
import {
  ENVIRONMENT_FILE,
  type RunEnvironment,
  runEnvironmentSchema,
  type ScoredFrame,
  type SplitMetrics,
} from '../../run-folder/index.js';
import { CALIBRATION_FILE, calibrationFileSchema, type StoredCalibration } from '../../uncertainty/index.js';
import { readScoredFrames } from './cases.js';
import { type Epoch, readEpochs } from './epochs.js';
import { type Note, SourceFolder } from './file.js';
import { type EmbeddedPicture, readGallery } from './gallery.js';
import { readScores } from './scores.js';

/** Settings by their path, as in "loss.sigma", with their values as JSON. */
export type Settings = ReadonlyMap<string, string>;

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
  const config = await folder.json('config.json', z.record(z.string(), z.unknown()), ': its settings are unknown.');
  const { own: scores, others: otherReadings } = await readScores(folder, split);
  const summary = await folder.json('training-set.json', z.object({ frames: z.int() }));
  return {
    ...{ name, path, scores, otherReadings },
    settings: flatten(config ?? {}),
    epochs: await readEpochs(folder),
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

function flatten(section: object, path = ''): Map<string, string> {
  const settings = new Map<string, string>();
  for (const [key, value] of Object.entries(section)) {
    const setting = path === '' ? key : `${path}.${key}`;
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      settings.set(setting, JSON.stringify(value));
    else for (const [inner, text] of flatten(value, setting)) settings.set(inner, text);
  }
  return settings;
}
