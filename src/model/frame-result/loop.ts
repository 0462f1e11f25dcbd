import type { FrameResult } from './frame-result.js';

/** How an angle goes through the frames of a cine loop, degrees. */
export interface AngleOverTime {
  readonly median: number;
  /** Quartiles, linearly interpolated: half of the frames lie between them. */
  readonly q1: number;
  readonly q3: number;
  readonly min: number;
  readonly max: number;
}

/** What the frames of one file say together. */
export interface LoopSummary {
  /** Frames that were looked at. */
  readonly frames: number;
  /** Those of them that have an angle: the numbers are theirs. */
  readonly angles: number;
  /** Frames in doubt. They count like the others. */
  readonly lowConfidence: number;
  /** In the picture; null where no frame has an angle. */
  readonly aop: AngleOverTime | null;
  /** The angle in millimetres, where pixels are not square. */
  readonly aopInMillimetres: AngleOverTime | null;
}

/** The median angle of a loop and its spread; null for a file with a single frame. */
export function loopSummary(
  results: readonly Pick<FrameResult, 'frameCount' | 'aop' | 'aopInMillimetres' | 'lowConfidence'>[],
): LoopSummary | null {
  if (!results.some(({ frameCount }) => frameCount > 1)) return null;
  return {
    frames: results.length,
    angles: results.filter(({ aop }) => aop !== null).length,
    lowConfidence: results.filter(({ lowConfidence }) => lowConfidence).length,
    aop: overTime(results.map(({ aop }) => aop)),
    aopInMillimetres: overTime(results.map(({ aopInMillimetres }) => aopInMillimetres)),
  };
}

function overTime(values: readonly (number | null)[]): AngleOverTime | null {
  const sorted = values.filter((value) => value !== null).sort((a, b) => a - b);
  if (sorted.length === 0) return null;
  const quantile = (share: number) => {
    const at = share * (sorted.length - 1);
    const below = Math.floor(at);
    const above = Math.min(below + 1, sorted.length - 1);
    return sorted[below] + (at - below) * (sorted[above] - sorted[below]);
  };
  return { median: quantile(0.5), q1: quantile(0.25), q3: quantile(0.75), min: quantile(0), max: quantile(1) };
}
