import { ImageError } from '../../images/index.js';
import type { Device } from '../../index.js';
import { loadNetworkFrames, type NetworkFrame } from '../dataset/frames.js';
import { DatasetError, readDataset, type Split } from '../dataset/index.js';
import { type LoadedRun, type RunReading, withRun } from '../predict/trained-run.js';
import { readCalibration, writeCalibration } from '../run-folder/index.js';
import { fitCalibration, fitFeatures, type StoredCalibration } from '../uncertainty/index.js';
import { caseOf } from './cases.js';

/** Labelled frames that a model was not trained on, and the split they are of. */
export interface CalibrationFrames {
  readonly split: Split;
  readonly frames: readonly NetworkFrame[];
}

/**
 * Fits the calibration of a run's predicted errors and keeps it in the run's folder, for its evaluations and
 * predictions.
 *
 * @throws as `loadRun`; MetricsError without frames, or for a network whose output is NaN or infinite
 */
export async function calibrateRun(
  device: Device,
  run: string,
  on: CalibrationFrames,
  reading: Partial<RunReading> = {},
): Promise<StoredCalibration> {
  return withRun(device, run, { checkpoint: 'best', ...reading }, (loaded) => calibrate(run, loaded, on));
}

/** The validation frames of a data set in the IUGC 2025 layout. @throws DatasetError, ImageError */
export async function loadCalibrationFrames(data: string, size: number): Promise<CalibrationFrames> {
  return { split: 'validation', frames: await loadNetworkFrames(await readDataset(data, 'validation'), size) };
}

/** A calibration, or the sentence that says why there is none. */
export interface FoundCalibration {
  readonly calibration?: StoredCalibration;
  readonly missing?: string;
}

/**
 * The calibration that a run keeps for these weights; else one fitted on the frames that `load` brings, which is then
 * kept. Frames that cannot be had do not stop an evaluation, which can do without.
 */
export async function findCalibration(
  run: string,
  loaded: LoadedRun,
  load?: () => Promise<CalibrationFrames>,
): Promise<FoundCalibration> {
  const kept = await readCalibration(run, loaded.key);
  // One of an older version does not describe the frames that the model knows; it is better than none.
  if (kept?.features !== undefined || (kept !== undefined && load === undefined)) return { calibration: kept };
  if (load === undefined) {
    return {
      missing:
        'The run has no calibration of its predicted errors: no validation frames are given that it has not seen.',
    };
  }
  try {
    return { calibration: await calibrate(run, loaded, await load()) };
  } catch (error) {
    if (!(error instanceof DatasetError || error instanceof ImageError)) throw error;
    if (kept !== undefined) return { calibration: kept };
    return {
      missing: `The run has no calibration of its predicted errors, and there are no frames to fit it on: ${error.message}`,
    };
  }
}

async function calibrate(
  run: string,
  { predictor, key }: LoadedRun,
  { split, frames }: CalibrationFrames,
): Promise<StoredCalibration> {
  const predictions = await predictor.predict(frames.map(({ pixels }) => pixels));
  const cases = frames.map((frame, i) => caseOf(frame, predictions[i]));
  const features = fitFeatures(predictions.map((one) => one.features));
  const calibration = { ...fitCalibration(cases), ...(features && { features }), frames: frames.length, split, ...key };
  await writeCalibration(run, calibration);
  return calibration;
}
