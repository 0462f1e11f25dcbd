import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Device } from '../../index.js';
import type { Decoding } from '../../model/index.js';
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
import { mapLandmarks } from './coordinates.js';
import type { NetworkFrame } from './frames.js';
import { type DrawableFrame, hasOriginal, writeGallery } from './gallery.js';
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
  /** The pictures written, in the order best, median, worst, and the sheet of them all. */
  readonly pictures: readonly string[];
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
  const { config, metadata, predictions } = await withRun(device, run, { checkpoint, decoding }, async (trained) => {
    return { ...trained, predictions: await trained.predictor.predict(frames.map((frame) => frame.pixels)) };
  });
  const size = config.model.inputSize;
  const decoded = decoding ?? config.model.decoding;

  const cases = drawable.map((frame, i) => caseOf(frame, predictions[i].landmarks));
  const metrics: SplitMetrics = {
    ...scoreCases(cases, { seed: config.training.seed, meanLandmarks: summary.meanLandmarks }),
    checkpoint,
    epoch: Number(metadata.epoch),
    decoding: decoded,
    environment: describeRunEnvironment(device),
  };
  const rows = frames.map((frame, i): Prediction => {
    const { transform, file } = frame;
    const own = (landmarks: Landmarks) => mapLandmarks(landmarks, (point) => transform.toFrame(point));
    const scale = (512 * transform.scale) / size;
    return { filename: file, predicted: own(predictions[i].landmarks), truth: own(frame.landmarks), scale };
  });

  const other = decoded === config.model.decoding ? '' : `-${decoded}`;
  const suffix = `${split === 'test' ? '' : `-${split}`}${other}`;
  await writeFileAtomically(join(run, `predictions${suffix}.csv`), predictionsCsv(rows));
  const drawn = await writeGallery(join(run, `overlays${suffix}`), drawable, rows, cases, pictures);
  const contents = { ...earlier, [`${split}${other}`]: metrics };
  await writeFileAtomically(join(run, METRICS_FILE), `${JSON.stringify(contents, null, 2)}\n`);
  return { metrics, pictures: drawn };
}

/** @param predicted In pixels of the network's frame */
function caseOf(
  { landmarks, size, transform, original: { spacing } }: DrawableFrame,
  predicted: Landmarks,
): LandmarkCase {
  const pixel = size / (512 * transform.scale);
  return {
    predicted: scaleTo512(predicted, size),
    truth: scaleTo512(landmarks, size),
    ...(spacing === undefined ? {} : { spacing: { x: spacing.x * pixel, y: spacing.y * pixel } }),
  };
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
