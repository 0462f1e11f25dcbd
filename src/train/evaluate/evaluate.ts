import { join } from 'node:path';
import type { Device } from '../../index.js';
import { mapLandmarks } from '../../model/coordinates.js';
import { type Decoding, frameUncertainty, scaleUncertainty } from '../../model/index.js';
import type { Landmarks } from '../../model/landmarks.js';
import type { Checkpoint } from '../checkpoint/index.js';
import type { NetworkFrame } from '../dataset/frames.js';
import type { Split } from '../dataset/index.js';
import type { Flip } from '../flip.js';
import type { LandmarkCase } from '../metrics/index.js';
import { withRun } from '../predict/trained-run.js';
import {
  describeRunEnvironment,
  METRICS_FILE,
  type Prediction,
  predictionsCsv,
  type SplitMetrics,
  withGuard,
  writeFileAtomically,
} from '../run-folder/index.js';
import { RunError } from '../run-folder/run-error.js';
import { readJson, readTrainingSet, type TrainingSetSummary } from '../run-folder/training-set.js';
import { type CalibrationFrames, findCalibration } from './calibrate.js';
import { caseOf, scaleOf } from './cases.js';
import { hasOriginal, writeGallery } from './gallery.js';
import { membersCsv, scoreMembers } from './members.js';
import { hashFrames, hashWeights } from './provenance.js';
import { scoreCases } from './scores.js';

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
  /** Folder of a trained run, or of an ensemble; results are written into it. */
  readonly run: string;
  readonly split: Split;
  /** Frames of that split, loaded with their originals. */
  readonly frames: readonly NetworkFrame[];
  readonly checkpoint?: Checkpoint;
  /** How points are read from the heatmaps. Default: as the run's configuration says. */
  readonly decoding?: Decoding;
  /** Views of each frame that are predicted too and averaged. */
  readonly flips?: readonly Flip[];
  /**
   * Brings frames to calibrate predicted errors on, where the run does not keep a calibration of these weights. Without
   * them the errors are those that the heatmaps' widths suggest, and nothing is flagged.
   */
  readonly calibration?: () => Promise<CalibrationFrames>;
  /** Frames drawn of each of the best, median and worst. */
  readonly pictures?: number;
}

/**
 * Evaluates a trained run on a split it has not seen: writes `metrics.json` (under the split's name, beside other
 * splits), `predictions.csv` and overlay pictures into the run's folder. The test split has the plain file names;
 * others carry theirs, and so does another decoding than the run's own, and averaging over mirrored views (`-tta`). For
 * an ensemble also `members.csv`, with what each member says.
 *
 * @throws RunFolderError where another process works in the folder
 */
export async function evaluate(input: EvaluationInput): Promise<Evaluation> {
  return withGuard(input.run, { doing: 'evaluating' }, () => evaluateGuarded(input));
}

async function evaluateGuarded(input: EvaluationInput): Promise<Evaluation> {
  const { device, run, split, frames, checkpoint = 'best', decoding, flips, pictures = 4 } = input;
  if (frames.length === 0) throw new RunError(`The ${split} split has 0 frames; give at least 1.`);
  const drawable = frames.filter(hasOriginal);
  if (drawable.length < frames.length) {
    throw new RunError(
      'Frames were loaded without their originals, on which results are drawn; load them with keepOriginals.',
    );
  }
  const summary = await readTrainingSet(run);
  const earlier = await readMetrics(run);
  const { config, key, members, calibration, missing, predictions } = await withRun(
    device,
    run,
    { checkpoint, decoding, flips },
    async (loaded) => ({
      ...loaded,
      ...(await findCalibration(run, loaded, input.calibration)),
      predictions: await loaded.predictor.predict(frames.map(({ pixels }) => pixels)),
    }),
  );

  const cases = frames.map((frame, i) => caseOf(frame, predictions[i]));
  const { meanLandmarks } = summary;
  const weights = await hashWeights(run, checkpoint);
  if (weights === undefined) throw new RunError(`The weights of ${run} were removed while it was evaluated.`);
  const provenance = { weights, data: hashFrames(drawable) };
  const metrics: SplitMetrics = {
    ...scoreCases(cases, { seed: config.training.seed, meanLandmarks, calibration }),
    ...key,
    ...provenance,
    ...(members ? { ensemble: scoreMembers(members, frames, predictions) } : {}),
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
      origin: { decoding: key.decoding, ...provenance },
    };
  });

  const other = `${key.decoding === config.model.decoding ? '' : `-${key.decoding}`}${key.flips ? '-tta' : ''}`;
  const suffix = `${split === 'test' ? '' : `-${split}`}${other}`;
  await writeFileAtomically(join(run, `predictions${suffix}.csv`), predictionsCsv(rows));
  if (members) await writeFileAtomically(join(run, `members${suffix}.csv`), membersCsv(members, frames, predictions));
  const drawn = await writeGallery(join(run, `overlays${suffix}`), drawable, rows, cases, pictures);
  const contents = { ...earlier, [`${split}${other}`]: metrics };
  await writeFileAtomically(join(run, METRICS_FILE), `${JSON.stringify(contents, null, 2)}\n`);
  return { metrics, cases, trainingSet: summary, pictures: drawn, uncalibrated: missing };
}

/** What earlier evaluations found, by split. */
async function readMetrics(run: string): Promise<Record<string, unknown>> {
  return (await readJson(join(run, METRICS_FILE))) ?? {};
}
