import type { Interval } from '../metrics/index.js';
import { fisherQuantile, StatisticsError } from './distributions.js';
import type { IntraclassCorrelation } from './schema.js';

/**
 * ICC(2,1) of Shrout & Fleiss (1979, Psychol Bull 86: 420–428): two-way random effects, absolute agreement, a single
 * rater, from the mean squares of subjects (MSR), raters (MSC) and the rest (MSE),
 *
 *     (MSR − MSE) / (MSR + (k − 1)·MSE + k·(MSC − MSE)/n).
 *
 * Its interval is that of ICC(A,1) in McGraw & Wong (1996, Psychol Methods 1: 30–46, table 7), with Satterthwaite's
 * degrees of freedom.
 *
 * @param ratings One row for each of n subjects, with the ratings of k raters in the same order.
 * @returns undefined where nothing varies, as there is nothing to correlate
 * @throws StatisticsError for fewer than two subjects or raters, rows of different lengths, or values that are not
 *   finite
 */
export function intraclassCorrelation(ratings: readonly (readonly number[])[]): IntraclassCorrelation | undefined {
  check(ratings);
  const n = ratings.length;
  const k = ratings[0].length;
  const { subjects: msr, raters: msc, rest: mse } = meanSquares(ratings);
  const denominator = msr + (k - 1) * mse + (k * (msc - mse)) / n;
  if (denominator <= 0) return undefined;
  const icc = (msr - mse) / denominator;
  return { subjects: n, raters: k, icc, interval: interval(icc, { n, k, msr, msc, mse }) };
}

interface MeanSquares {
  readonly subjects: number;
  readonly raters: number;
  readonly rest: number;
}

/** Mean squares of a two-way table with one value in each cell. */
function meanSquares(ratings: readonly (readonly number[])[]): MeanSquares {
  const n = ratings.length;
  const k = ratings[0].length;
  const rowMeans = ratings.map((row) => row.reduce((sum, value) => sum + value, 0) / k);
  const columnMeans = ratings[0].map((_, j) => ratings.reduce((sum, row) => sum + row[j], 0) / n);
  const middle = rowMeans.reduce((sum, value) => sum + value, 0) / n;
  const squares = (values: readonly number[]) => values.reduce((sum, value) => sum + (value - middle) ** 2, 0);
  let rest = 0;
  for (const [i, row] of ratings.entries()) {
    for (const [j, value] of row.entries()) rest += (value - rowMeans[i] - columnMeans[j] + middle) ** 2;
  }
  return {
    subjects: (k * squares(rowMeans)) / (n - 1),
    raters: (n * squares(columnMeans)) / (k - 1),
    rest: rest / ((n - 1) * (k - 1)),
  };
}

interface Table {
  readonly n: number;
  readonly k: number;
  readonly msr: number;
  readonly msc: number;
  readonly mse: number;
}

function interval(icc: number, { n, k, msr, msc, mse }: Table): Interval {
  // Perfect agreement: there is no error to estimate an interval from.
  if (mse === 0 && msc === 0) return { low: icc, high: icc };
  // A correlation estimated below zero has the degrees of freedom of zero: its own may vanish.
  const positive = Math.max(0, icc);
  const a = (k * positive) / (n * (1 - positive));
  const b = 1 + (k * positive * (n - 1)) / (n * (1 - positive));
  const freedom = (a * msc + b * mse) ** 2 / ((a * msc) ** 2 / (k - 1) + (b * mse) ** 2 / ((n - 1) * (k - 1)));
  const others = k * msc + (k * n - k - n) * mse;
  const low = fisherQuantile(0.975, n - 1, freedom);
  const high = fisherQuantile(0.975, freedom, n - 1);
  return {
    low: (n * (msr - low * mse)) / (low * others + n * msr),
    high: (n * (high * msr - mse)) / (others + n * high * msr),
  };
}

function check(ratings: readonly (readonly number[])[]): void {
  const raters = ratings[0]?.length ?? 0;
  if (ratings.length < 2 || raters < 2) {
    throw new StatisticsError(
      `An intraclass correlation needs at least 2 subjects and 2 raters; there are ${ratings.length} and ${raters}.`,
    );
  }
  for (const [subject, row] of ratings.entries()) {
    if (row.length !== raters || !row.every(Number.isFinite)) {
      throw new StatisticsError(
        `Subject ${subject} has the ratings ${row.join(', ')}; give ${raters} finite ratings of each subject.`,
      );
    }
  }
}
