import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { angleError, checkCases, type LandmarkCase, landmarkDistances, mean } from './evaluate.js';

export interface Interval {
  readonly low: number;
  readonly high: number;
}

export interface BootstrapIntervals {
  /** Of the mean Euclidean distance, px. */
  readonly apd: Interval;
  /** Of the mean absolute error of the angle of progression, degrees; undefined where no frame has both angles. */
  readonly aopMae: Interval | undefined;
}

export interface BootstrapOptions {
  /** Same seed, same intervals. */
  readonly seed: number;
  /** Number of resamples. */
  readonly resamples?: number;
  /** Coverage, in (0, 1). */
  readonly level?: number;
}

/**
 * Percentile bootstrap intervals of the two headline scores. Whole frames are drawn with replacement, because the three
 * landmarks of a frame err together. Frames without an angle take part in the distance only.
 *
 * @throws MetricsError as `evaluateLandmarks`
 */
export function bootstrapIntervals(
  cases: readonly LandmarkCase[],
  { seed, resamples = 2000, level = 0.95 }: BootstrapOptions,
): BootstrapIntervals {
  checkCases(cases);
  const distances = cases.map((landmarkCase) => mean(landmarkDistances(landmarkCase)));
  const angles = cases.map(angleError).filter((error) => error !== undefined);
  return {
    apd: interval(distances, seed, resamples, level),
    aopMae: angles.length === 0 ? undefined : interval(angles, seed, resamples, level),
  };
}

/** Percentile interval of the mean of `values`. */
function interval(values: readonly number[], seed: number, resamples: number, level: number): Interval {
  const random = xoroshiro128plus(seed);
  const means = new Float64Array(resamples);
  for (let resample = 0; resample < resamples; resample++) {
    let sum = 0;
    for (let draw = 0; draw < values.length; draw++) sum += values[uniformInt(random, 0, values.length - 1)];
    means[resample] = sum / values.length;
  }
  means.sort();
  return { low: quantile(means, (1 - level) / 2), high: quantile(means, (1 + level) / 2) };
}

/** Linear interpolation between the sorted values, as NumPy's default. */
function quantile(sorted: Float64Array, fraction: number): number {
  const position = fraction * (sorted.length - 1);
  const below = Math.floor(position);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below] + (position - below) * (sorted[above] - sorted[below]);
}
