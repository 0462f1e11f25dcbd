import { SondeError } from '../src/index.js';

/** A benchmark that was asked for something it cannot do, or whose results are not valid. */
export class BenchError extends SondeError {
  override name = 'BenchError';
}

/** What is kept of repeated measurements: medians do not mind the one sample that another process disturbed. */
export interface Quartiles {
  readonly count: number;
  readonly min: number;
  readonly q1: number;
  readonly median: number;
  readonly q3: number;
  readonly max: number;
}

/**
 * Order statistics, interpolated linearly between neighbours: `numpy.quantile`'s default.
 * @throws BenchError without samples, or with one that is no finite number.
 */
export function quartiles(samples: readonly number[]): Quartiles {
  if (samples.length === 0 || !samples.every(Number.isFinite)) {
    throw new BenchError(
      `quartiles: ${samples.length} samples (${samples.slice(0, 4).join(', ')}); give finite numbers, at least one.`,
    );
  }
  const sorted = [...samples].sort((a, b) => a - b);
  const at = (share: number) => {
    const position = share * (sorted.length - 1);
    const below = Math.floor(position);
    const above = Math.min(below + 1, sorted.length - 1);
    return sorted[below] + (position - below) * (sorted[above] - sorted[below]);
  };
  return { count: sorted.length, min: at(0), q1: at(0.25), median: at(0.5), q3: at(0.75), max: at(1) };
}

/** Half the distance between the quartiles over the median: what a typical sample is away from it. */
export function spread({ q1, median, q3 }: Quartiles): number {
  return median > 0 ? (q3 - q1) / 2 / median : 0;
}
