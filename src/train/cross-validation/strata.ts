import { angleOfProgression } from '../landmarks.js';
import { quantile } from '../metrics/index.js';
import type { PooledCase } from './pool.js';

/** Bins of the angle unless there are too few frames for them. */
export const ANGLE_BINS = 4;

export interface AngleStrata {
  /** Of each frame, as in "AoP 92.1° to 104.3°, Validation". */
  readonly strata: readonly string[];
  /** The angles between the bins, degrees, ascending. */
  readonly edges: readonly number[];
}

/**
 * Strata by the angle of progression, cut at its quantiles so that bins hold equally many frames, and by the folder that
 * frames come from. Few frames make fewer bins: a bin of one folder holds on average a frame for each fold.
 */
export function angleStrata(cases: readonly PooledCase[], folds: number): AngleStrata {
  const angles = cases.map(({ landmarks }) => angleOfProgression(landmarks));
  const sorted = Float64Array.from(angles.filter((angle) => angle !== undefined)).sort();
  const origins = new Set(cases.map(({ origin }) => origin));
  const bins = Math.max(1, Math.min(ANGLE_BINS, Math.floor(cases.length / (folds * origins.size))));
  const edges = Array.from({ length: bins - 1 }, (_, i) => quantile(sorted, (i + 1) / bins));
  const names = Array.from({ length: bins }, (_, bin) => {
    const [low, high] = [edges[bin - 1], edges[bin]].map((edge) => edge?.toFixed(1));
    if (low === undefined && high === undefined) return 'any AoP';
    if (low === undefined) return `AoP up to ${high}°`;
    return high === undefined ? `AoP above ${low}°` : `AoP ${low}° to ${high}°`;
  });
  const strata = cases.map(({ origin }, i) => {
    const angle = angles[i];
    const name = angle === undefined ? 'no AoP' : names[edges.filter((edge) => angle > edge).length];
    return `${name}, ${origin}`;
  });
  return { strata, edges };
}
