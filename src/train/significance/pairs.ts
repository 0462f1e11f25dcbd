import { angleError, bootstrapMean, type Interval, landmarkDistances, mean, quantile } from '../metrics/index.js';
import type { ScoredFrame } from '../run-folder/index.js';
import { holmAdjusted, wilcoxonSignedRank } from '../statistics/index.js';

/** The errors of one run minus those of another, frame by frame. */
export interface PairedDifference {
  readonly frames: number;
  /** Negative where the first run errs less. */
  readonly mean: number;
  /** 95 %, bootstrap over frames. */
  readonly interval: Interval;
  readonly median: number;
  /** Share of the frames in which the first run errs less. */
  readonly firstBetter: number;
  /** Wilcoxon's signed-rank test of the differences, two-sided. */
  readonly p: number;
  /** Whether p is exact or by the normal approximation. */
  readonly method: 'exact' | 'normal';
}

export interface RunPair {
  /** Places of the two runs among those given. */
  readonly first: number;
  readonly second: number;
  /**
   * Difference of the mean distance of a frame's landmarks, px of a 512 px frame; undefined without frames in common.
   */
  readonly distance: PairedDifference | undefined;
  /** Difference of the absolute error of the angle, degrees, over the frames where both runs have one. */
  readonly angle: PairedDifference | undefined;
  /** Frames of the same name with another truth: frames of different data sets. */
  readonly strangers: number;
}

/** Predictions are kept to a thousandth of a pixel of the frame; the same truth can differ by as much after scaling. */
export const SAME_TRUTH = 0.05;

/**
 * Compares every two of several runs on the frames that both have answered.
 *
 * @param seed Of the bootstrap.
 */
export function pairRuns(runs: readonly (readonly ScoredFrame[])[], seed = 0): RunPair[] {
  return runs.flatMap((one, first) =>
    runs.slice(first + 1).map((other, offset): RunPair => {
      const byName = new Map(other.map((frame) => [frame.filename, frame]));
      const named = one.flatMap((frame): [ScoredFrame, ScoredFrame][] => {
        const twin = byName.get(frame.filename);
        return twin ? [[frame, twin]] : [];
      });
      const pairs = named.filter(([a, b]) => haveSameTruth(a, b));
      const distances = pairs.map(([a, b]) => mean(landmarkDistances(a)) - mean(landmarkDistances(b)));
      const angles = pairs.flatMap(([a, b]) => {
        const errors = [angleError(a), angleError(b)];
        return errors[0] === undefined || errors[1] === undefined ? [] : [errors[0] - errors[1]];
      });
      return {
        first,
        second: first + 1 + offset,
        strangers: named.length - pairs.length,
        distance: describe(distances, seed),
        angle: describe(angles, seed),
      };
    }),
  );
}

/** The p values of all tests of the pairs, each pair's distance before its angle, corrected together after Holm. */
export function adjustedPairs(pairs: readonly RunPair[]): { distance?: number; angle?: number }[] {
  const tests = pairs.flatMap(({ distance, angle }) => [distance, angle]).filter((test) => test !== undefined);
  const adjusted = new Map(holmAdjusted(tests.map(({ p }) => p)).map((p, i) => [tests[i], p]));
  return pairs.map(({ distance, angle }) => ({
    distance: distance && adjusted.get(distance),
    angle: angle && adjusted.get(angle),
  }));
}

function haveSameTruth(a: ScoredFrame, b: ScoredFrame): boolean {
  const distances = landmarkDistances({ predicted: a.truth, truth: b.truth });
  return distances.every((distance) => distance <= SAME_TRUTH);
}

function describe(differences: readonly number[], seed: number): PairedDifference | undefined {
  const interval = bootstrapMean(differences, { seed });
  if (!interval) return undefined;
  const { p, method } = wilcoxonSignedRank(differences);
  return {
    frames: differences.length,
    mean: mean(differences),
    interval,
    p,
    method,
    median: quantile(Float64Array.from(differences).sort(), 0.5),
    firstBetter: differences.filter((difference) => difference < 0).length / differences.length,
  };
}
