import { angleOfProgression } from '../../model/landmarks.js';
import { quantile } from '../metrics/index.js';
import type { PooledCase } from './pool.js';

/** Bins of the angle unless there are too few frames for them. */
export const ANGLE_BINS = 4;

export interface AngleStrata {
  /** Name of the stratum of each frame, as in "Validation, AoP 92.1° to 104.3°". */
  readonly strata: readonly string[];
  /** For each folder the angles between its bins, degrees, ascending. */
  readonly edges: Readonly<Record<string, readonly number[]>>;
}

/**
 * Strata by the folder that frames come from and by the angle of progression, cut at the quantiles of the folder's
 * angles, so that its bins hold equally many frames. A folder of few frames has fewer bins: each holds a frame for
 * every fold at least.
 */
export function angleStrata(cases: readonly PooledCase[], folds: number): AngleStrata {
  const angles = cases.map(({ landmarks }) => angleOfProgression(landmarks));
  const edges: Record<string, readonly number[]> = {};
  for (const origin of [...new Set(cases.map((one) => one.origin))].sort()) {
    const own = angles.filter((angle, i): angle is number => angle !== undefined && cases[i].origin === origin);
    const bins = Math.max(1, Math.min(ANGLE_BINS, Math.floor(own.length / folds)));
    const sorted = Float64Array.from(own).sort();
    edges[origin] = Array.from({ length: bins - 1 }, (_, i) => quantile(sorted, (i + 1) / bins));
  }
  const strata = cases.map(({ origin }, i) => {
    const angle = angles[i];
    if (angle === undefined) return `${origin}, no AoP`;
    const bin = edges[origin].filter((edge) => angle > edge).length;
    const [low, high] = [0, ...edges[origin], 180].slice(bin, bin + 2).map((edge) => Number(edge.toFixed(1)));
    return `${origin}, AoP ${low}° to ${high}°`;
  });
  return { strata, edges };
}

const collator = new Intl.Collator('en', { numeric: true });

/** Orders strata as a reader expects: by their words, and numbers by their size. */
export function compareStrata(a: string, b: string): number {
  return collator.compare(a, b);
}
