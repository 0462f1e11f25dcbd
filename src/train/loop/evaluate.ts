import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Device } from '../../index.js';
import { type Decoding, frameUncertainty, scaleUncertainty } from '../../model/index.js';
import type { Checkpoint } from '../checkpoint/index.js';
import type { Split } from '../dataset/index.js';
import type { Landmarks } from '../landmarks.js';
import { type LandmarkCase, meanLandmarks, scaleTo512 } from '../metrics/index.js';
import {
  describeRunEnvironment,
  METRICS_FILE,
  type Prediction,
  predictionsCsv,
  type SplitMetrics,
  writeFileAtomically,
} from '../run-folder/index.js';
import { type CalibrationFrames, findCalibration } from './calibrate.js';
import { caseOf, scaleOf } from './cases.js';
import { mapLandmarks } from './coordinates.js';
import type { NetworkFrame } from './frames.js';
import { hasOriginal, writeGallery } from './gallery.js';
import { scoreCases } from './scores.js';
import { RunError, withRun } from './trained-run.js';

/** What a run remembers of the frames it was trained on: the landmarks that a model without eyes would predict. */
export interface TrainingSetSummary {
  readonly frames: number;
  /** Mean training landmarks, px of a 512 frame. */
  readonly meanLandmarks: Landmarks;
}

export const TRAINING_SET_FILE = 'training-set.json';

export function summarizeTrainingSet(frames: readonly NetworkFrame[]): TrainingSetSummary {
  const truths = frames.map(({ landmarks, size }) => scaleTo512(landmarks, size));
  return { frames: frames.length, meanLandmarks: meanLandmarks(truths) };
}

export interface Evaluation {
  readonly metrics: SplitMetrics;
  /** What was scored, in the order of the frames, px of a 512 px frame. */
  readonly cases: readonly LandmarkCase[];
  /** The frames that the run was trained on. */
  readonly trainingSet: TrainingSetSummary;
  /** The pictures written, in the order best, median, worst, and the sheet of them all. */
  readonly pictures: readonly string[];
  /** Why predicted errors are not calibrated, where they are not. */
  readonly uncalibrated?: string;
}

export interface EvaluationInput {
  readonly device: Device;
  /** Folder of a trained run; results are written into it. */
  readonly run: string;
  readonly split: Split;
  /** Frames of that split, loaded with their originals. */
  readonly frames: readonly NetworkFrame[];
  readonly checkpoint?: Checkpoint;
  /** How points are read from the heatmaps. Default: as the run's configuration says. */
  readonly decoding?: Decoding;
  /**
   * Brings frames to calibrate predicted errors on, where the run does not keep a calibration of these weights. Without them the
   * errors are those that the heatmaps' widths suggest, and nothing is flagged.
   */
  readonly calibration?: () => Promise<CalibrationFrames>;
  /** Frames drawn of each of the best, median and worst. */
  readonly pictures?: number;
}

/**
 * Evaluates a trained run on a split it has not seen: writes `metrics.json` (under the split's name, beside other
 * splits), `predictions.csv` and overlay pictures into the run's folder. The test split has the plain file names;
 * others carry theirs, and so does another decoding than the run's own.
 */
export async function evaluate(input: EvaluationInput): Promise<Evaluation> {
  const { device, run, split, frames, checkpoint = 'best', decoding, pictures = 4 } = input;
  if (frames.length === 0) throw new RunError(`The ${split} split has 0 frames; give at least 1.`);
  const drawable = frames.filter(hasOriginal);
  if (drawable.length < frames.length) {
    throw new RunError(
      'Frames were loaded without their originals, on which results are drawn; load them with keepOriginals.',
    );
  }
  const summary = await readSummary(run);
  const earlier = await readMetrics(run);
  const { config, key, calibration, missing, predictions } = await withRun(
    device,
    run,
    { checkpoint, decoding },
    async (loaded) => ({
      ...loaded,
      ...(await findCalibration(run, loaded, input.calibration)),
      predictions: await loaded.predictor.predict(frames.map(({ pixels }) => pixels)),
    }),
  );

  const cases = frames.map((frame, i) => caseOf(frame, predictions[i]));
  const { meanLandmarks } = summary;
  const metrics: SplitMetrics = {
    ...scoreCases(cases, { seed: config.training.seed, meanLandmarks, calibration }),
    ...key,
    environment: describeRunEnvironment(device),
  };
  const rows = frames.map((frame, i): Prediction => {
    const own = (landmarks: Landmarks) => mapLandmarks(landmarks, (point) => frame.transform.toFrame(point));
    const scale = scaleOf(frame);
    const { predicted, uncertainty } = cases[i];
    return {
      filename: frame.file,
      predicted: own(predictions[i].landmarks),
      truth: own(frame.landmarks),
      scale,
      uncertainty: scaleUncertainty(frameUncertainty(predicted, uncertainty, calibration), 1 / scale),
    };
  });

  const other = key.decoding === config.model.decoding ? '' : `-${key.decoding}`;
  const suffix = `${split === 'test' ? '' : `-${split}`}${other}`;
  await writeFileAtomically(join(run, `predictions${suffix}.csv`), predictionsCsv(rows));
  const drawn = await writeGallery(join(run, `overlays${suffix}`), drawable, rows, cases, pictures);
  const contents = { ...earlier, [`${split}${other}`]: metrics };
  await writeFileAtomically(join(run, METRICS_FILE), `${JSON.stringify(contents, null, 2)}\n`);
  return { metrics, cases, trainingSet: summary, pictures: drawn, uncalibrated: missing };
}

async function readSummary(run: string): Promise<TrainingSetSummary> {
  const path = join(run, TRAINING_SET_FILE);
  const summary = await readJson(path);
  if (!summary) {
    throw new RunError(`${path} is missing; give the folder of a run that npm run train has written.`);
  }
  return summary as unknown as TrainingSetSummary;
}

/** What earlier evaluations found, by split. */
async function readMetrics(run: string): Promise<Record<string, unknown>> {
  return (await readJson(join(run, METRICS_FILE))) ?? {};
}

/** A file's JSON object, or undefined where there is no such file. */
async function readJson(path: string): Promise<Record<string, unknown> | undefined> {
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
