import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { quantile } from './distribution.js';
import { angleError, checkCases, type LandmarkCase, landmarkErrors } from './evaluate.js';
import type { BootstrapIntervals, Interval } from './schema.js';

export interface BootstrapOptions {
  /** Same seed, same intervals. */
  readonly seed: number;
  /** Number of resamples. */
  readonly resamples?: number;
  /** Coverage, in (0, 1). */
  readonly level?: number;
}

/**
 * Percentile bootstrap intervals of a model's scores. Whole frames are drawn with replacement, because the three
 * landmarks of a frame err together. Frames without an angle count as misses of the angle and take no part in the size
 * of its errors.
 *
 * @throws MetricsError as `evaluateLandmarks`
 */
export function bootstrapIntervals(cases: readonly LandmarkCase[], options: BootstrapOptions): BootstrapIntervals {
  checkCases(cases);
  const errors = cases.map(landmarkErrors);
  const distances = errors.map((own) => own.map(({ x, y }) => Math.hypot(x, y)));
  const angles = cases.map(angleError);
  const draws = drawFrames(cases.length, options);
  const { level = 0.95 } = options;

  const ofMean = (values: readonly number[]) => percentiles(resampledMeans(values, draws), level);
  const ofMedian = (values: readonly (readonly number[])[]) => percentiles(resampledMedians(values, draws), level);
  /** Intervals over the landmarks whose numbers are given. */
  const scores = (chosen: readonly number[]) => {
    const meanOf = (value: (frame: number, landmark: number) => number) =>
      ofMean(cases.map((_, frame) => chosen.reduce((sum, k) => sum + value(frame, k), 0) / chosen.length));
    const within = (limit: number) => meanOf((frame, k) => Number(distances[frame][k] <= limit));
    return {
      mse: meanOf((frame, k) => (errors[frame][k].x ** 2 + errors[frame][k].y ** 2) / 2),
      mae: meanOf((frame, k) => (Math.abs(errors[frame][k].x) + Math.abs(errors[frame][k].y)) / 2),
      apd: meanOf((frame, k) => distances[frame][k]),
      median: ofMedian(distances.map((own) => chosen.map((k) => own[k]))),
      sdr: { within5: within(5), within10: within(10), within20: within(20) },
    };
  };
  const defined = angles.filter((error) => error !== undefined);
  const angleDraws = defined.length === cases.length ? draws : drawFrames(defined.length, options);
  return {
    ...scores([0, 1, 2]),
    perLandmark: { ps1: scores([0]), ps2: scores([1]), fh1: scores([2]) },
    ...(defined.length === 0
      ? {}
      : {
          aopMae: percentiles(resampledMeans(defined, angleDraws), level),
          aopMedian: percentiles(
            resampledMedians(
              defined.map((error) => [error]),
              angleDraws,
            ),
            level,
          ),
        }),
    aopWithin5: ofMean(angles.map((error) => Number(error !== undefined && error <= 5))),
    aopWithin10: ofMean(angles.map((error) => Number(error !== undefined && error <= 10))),
  };
}

/**
 * Percentile bootstrap interval of the mean of `values`, each of which stands for a frame.
 *
 * @returns undefined without values
 */
export function bootstrapMean(values: readonly number[], options: BootstrapOptions): Interval | undefined {
  if (values.length === 0) return undefined;
  return percentiles(resampledMeans(values, drawFrames(values.length, options)), options.level ?? 0.95);
}

/** For each resample, the numbers of the frames that were drawn. */
function drawFrames(count: number, { seed, resamples = 2000 }: BootstrapOptions): Uint32Array[] {
  const random = xoroshiro128plus(seed);
  return Array.from({ length: resamples }, () =>
    Uint32Array.from({ length: count }, () => uniformInt(random, 0, count - 1)),
  );
}

function resampledMeans(values: readonly number[], draws: readonly Uint32Array[]): Float64Array {
  return Float64Array.from(draws, (frames) => {
    let sum = 0;
    for (let i = 0; i < frames.length; i++) sum += values[frames[i]];
    return sum / frames.length;
  });
}

function resampledMedians(values: readonly (readonly number[])[], draws: readonly Uint32Array[]): Float64Array {
  const each = values[0]?.length ?? 0;
  return Float64Array.from(draws, (frames) => {
    const drawn = new Float64Array(frames.length * each);
    for (let i = 0; i < frames.length; i++) drawn.set(values[frames[i]], i * each);
    return quantile(drawn.sort(), 0.5);
  });
}

function percentiles(statistics: Float64Array, level: number): Interval {
  statistics.sort();
  return { low: quantile(statistics, (1 - level) / 2), high: quantile(statistics, (1 + level) / 2) };
}
