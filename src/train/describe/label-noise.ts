/** Labels that models contradict which were not trained on them. */
import { LANDMARK_NAMES, type Landmarks } from '../../model/landmarks.js';
import { CrossValidationError, CrossValidationFolder } from '../cross-validation/index.js';
import { mean, quantile } from '../metrics/index.js';
import type { LabelNoise, Suspect } from './card.js';
import type { ExaminedFrame } from './examine.js';

type Distances = Record<keyof Landmarks, number>;

/**
 * What models said of a frame that they were not trained on, one for each cross-validation, and its label; px of a
 * 512 px frame.
 */
export interface HeldOutFrame {
  readonly file: string;
  readonly label: Landmarks;
  readonly predictions: readonly Landmarks[];
}

/** Predictions agree that differ by no more than this share of the least distance from the label. */
const AGREEMENT = 0.5;

/** Quartiles of fewer distances say little. */
const LEAST_FRAMES = 8;

/**
 * Frames whose label models contradict, in the manner of confident learning (Northcutt et al. 2021): a label is
 * suspicious where every model that was not trained on it is confidently elsewhere. Each landmark has a threshold of
 * its own, from how far held-out predictions usually are from its labels: Tukey's outer fence, the third quartile and
 * three times the interquartile range. Several predictions must agree with each other besides, as a frame on which
 * they differ is difficult rather than wrong.
 */
export function findSuspects(frames: readonly HeldOutFrame[]): Pick<LabelNoise, 'fences' | 'suspects'> {
  const fences = byName((name) => {
    const all = frames.flatMap(({ label, predictions }) => predictions.map((one) => distance(one, label, name)));
    const sorted = Float64Array.from(all).sort();
    const [q1, q3] = [quantile(sorted, 0.25), quantile(sorted, 0.75)];
    return q3 + 3 * (q3 - q1);
  });
  const suspects = frames.flatMap((frame) => suspectOf(frame, fences) ?? []);
  return { fences, suspects: suspects.sort((a, b) => b.score - a.score) };
}

function suspectOf({ file, label, predictions }: HeldOutFrame, fences: Distances): Suspect | undefined {
  const least = byName((name) => Math.min(...predictions.map((one) => distance(one, label, name))));
  const landmarks = LANDMARK_NAMES.filter((name) => {
    const apart = predictions.flatMap((a, i) => predictions.slice(i + 1).map((b) => distance(a, b, name)));
    return least[name] > fences[name] && Math.max(0, ...apart) <= AGREEMENT * least[name];
  });
  if (landmarks.length === 0) return undefined;
  const predicted = meanOf(predictions);
  const exchanged = { ...label, ps1: label.ps2, ps2: label.ps1 };
  return {
    file,
    landmarks,
    score: Math.max(...landmarks.map((name) => least[name] / fences[name])),
    label,
    predicted,
    distances: byName((name) => distance(predicted, label, name)),
    swapped:
      (landmarks.includes('ps1') || landmarks.includes('ps2')) &&
      (['ps1', 'ps2'] as const).every((name) => distance(predicted, exchanged, name) <= fences[name]),
  };
}

/**
 * Suspicious labels by the held-out predictions of cross-validations.
 *
 * @throws CrossValidationError for a folder that is no cross-validation's, has unfinished folds, or none of these
 * frames as they are
 */
export async function findLabelNoise(
  frames: readonly ExaminedFrame[],
  crossValidations: readonly string[],
): Promise<LabelNoise> {
  const predictions = new Map<string, Landmarks[]>();
  for (const path of crossValidations) {
    for (const [digest, predicted] of await heldOutPredictions(path)) {
      predictions.set(digest, [...(predictions.get(digest) ?? []), predicted]);
    }
  }
  const known = frames.flatMap(({ described: { file, landmarks }, caseDigest }): HeldOutFrame[] => {
    const own = predictions.get(caseDigest) ?? [];
    return own.length === crossValidations.length ? [{ file, label: landmarks, predictions: own }] : [];
  });
  if (known.length < LEAST_FRAMES) {
    throw new CrossValidationError(
      `${crossValidations.join(', ')}: ${known.length} of ${frames.length} frames have held-out predictions for their present images and ` +
        `labels, and at least ${LEAST_FRAMES} are needed; give cross-validations of this data set.`,
    );
  }
  return {
    crossValidations: [...crossValidations],
    frames: known.length,
    unknown: frames.length - known.length,
    ...findSuspects(known),
  };
}

/** What each frame was predicted as by the model that was not trained on it, by the digest of image and label. */
async function heldOutPredictions(path: string): Promise<Map<string, Landmarks>> {
  const folder = await CrossValidationFolder.open(path);
  const found = new Map<string, Landmarks>();
  for (const fold of folder.folds) {
    const heldOut = await folder.readHeldOut(fold);
    if (!heldOut) {
      throw new CrossValidationError(
        `${path}: fold ${fold} is not finished; run npm run cross-validate with --out ${path} again, which completes it.`,
      );
    }
    for (const { file, predicted } of heldOut.cases) found.set(folder.splits.frames[file].digest, predicted);
  }
  return found;
}

function byName(of: (name: keyof Landmarks) => number): Distances {
  return { ps1: of('ps1'), ps2: of('ps2'), fh1: of('fh1') };
}

function distance(a: Landmarks, b: Landmarks, name: keyof Landmarks): number {
  return Math.hypot(a[name].x - b[name].x, a[name].y - b[name].y);
}

function meanOf(all: readonly Landmarks[]): Landmarks {
  const of = (name: keyof Landmarks) => ({
    x: mean(all.map((one) => one[name].x)),
    y: mean(all.map((one) => one[name].y)),
  });
  return { ps1: of('ps1'), ps2: of('ps2'), fh1: of('fh1') };
}
