import { normalTwoSided, StatisticsError } from './distributions.js';
import { averageRanks } from './ranks.js';
import type { SignedRankTest } from './schema.js';

/** Up to so many differences without ties the exact distribution is used, as R does. */
const EXACT_LIMIT = 50;

export interface SignedRankOptions {
  /** `exact` needs differences without ties. By default it is used where it can be, up to 50 of them. */
  readonly method?: 'exact' | 'normal';
  /** Whether the normal approximation moves the statistic by ½ towards its mean, as R does by default. */
  readonly continuity?: boolean;
}

/**
 * Wilcoxon's signed-rank test of paired differences: are they as often and as far above zero as below it? Two-sided.
 *
 * Differences of zero are left out (Wilcoxon 1945) and counted. Equal absolute differences share the mean of their
 * ranks, and the variance of the normal approximation, n(n + 1)(2n + 1)/24, loses Σ(t³ − t)/48 over groups of t of
 * them. Without ties p is exact up to 50 differences: all 2ⁿ assignments of signs are counted by the sum of positive
 * ranks.
 *
 * @throws StatisticsError for a difference that is not finite, or an exact test with ties
 */
export function wilcoxonSignedRank(differences: readonly number[], options: SignedRankOptions = {}): SignedRankTest {
  const broken = differences.findIndex((difference) => !Number.isFinite(difference));
  if (broken >= 0) {
    throw new StatisticsError(`Difference ${broken} is ${differences[broken]}; give finite differences only.`);
  }
  const kept = differences.filter((difference) => difference !== 0);
  const ranks = averageRanks(kept.map(Math.abs));
  const positive = ranks.reduce((sum, rank, i) => (kept[i] > 0 ? sum + rank : sum), 0);
  const n = kept.length;
  const result = {
    count: differences.length,
    zeros: differences.length - n,
    positive,
    negative: (n * (n + 1)) / 2 - positive,
  };
  if (n === 0) return { ...result, p: 1, method: 'exact' };
  const groups = tieSizes(ranks);
  const tied = groups.length > 0;
  if (options.method === 'exact' && tied) {
    throw new StatisticsError(
      `The exact test has no ties among absolute differences, and ${Math.max(...groups)} of ${n} are equal; use the normal approximation.`,
    );
  }
  const method = options.method ?? (tied || n > EXACT_LIMIT ? 'normal' : 'exact');
  const p = method === 'exact' ? exactP(positive, n) : normalP(positive, n, groups, options.continuity ?? true);
  return { ...result, p, method };
}

/** Sizes of the groups of equal ranks, without groups of one. */
function tieSizes(ranks: readonly number[]): number[] {
  const sizes = new Map<number, number>();
  for (const rank of ranks) sizes.set(rank, (sizes.get(rank) ?? 0) + 1);
  return [...sizes.values()].filter((size) => size > 1);
}

/** Twice the smaller tail of the sum of positive ranks, which may each be in it or not. */
function exactP(positive: number, n: number): number {
  const most = (n * (n + 1)) / 2;
  // Shares of the sign assignments by their sum: halved with every rank, so that nothing overflows.
  const shares = new Float64Array(most + 1);
  shares[0] = 1;
  for (let rank = 1; rank <= n; rank++) {
    for (let sum = (rank * (rank + 1)) / 2; sum >= 0; sum--) {
      shares[sum] = (shares[sum] + (sum >= rank ? shares[sum - rank] : 0)) / 2;
    }
  }
  const least = Math.min(positive, most - positive);
  let tail = 0;
  for (let sum = 0; sum <= least; sum++) tail += shares[sum];
  return Math.min(1, 2 * tail);
}

function normalP(positive: number, n: number, groups: readonly number[], continuity: boolean): number {
  const mean = (n * (n + 1)) / 4;
  const ties = groups.reduce((sum, t) => sum + t ** 3 - t, 0);
  const variance = (n * (n + 1) * (2 * n + 1)) / 24 - ties / 48;
  const distance = Math.abs(positive - mean);
  return normalTwoSided(Math.max(0, distance - (continuity ? 0.5 : 0)) / Math.sqrt(variance));
}
