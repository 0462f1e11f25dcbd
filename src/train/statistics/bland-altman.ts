import { type Interval, mean, standardDeviation } from '../metrics/index.js';
import { StatisticsError, studentQuantile, studentTwoSided } from './distributions.js';
import type { BlandAltman } from './schema.js';

/** Standard deviations from the bias to the 95 % limits of agreement. */
const LIMIT = 1.959963984540054;

export interface MeasurementPair {
  readonly first: number;
  readonly second: number;
}

/**
 * Agreement of two methods that measured the same subjects (Bland & Altman 1986, Lancet 327: 307–310).
 *
 * The limits of agreement are bias ± 1.96 sd, between which 95 % of the differences fall if they are normal. Their
 * intervals rest on the variance sd²·(1/n + 1.96²/(2(n − 1))) of a limit (Bland & Altman 1999, Stat Methods Med Res 8:
 * 135–160), which the paper of 1986 rounds to 3·sd²/n, and on Student's distribution with n − 1 degrees of freedom.
 * Proportional bias is the slope of the least squares line of differences on means.
 *
 * @throws StatisticsError for fewer than three pairs, or values that are not finite
 */
export function blandAltman(pairs: readonly MeasurementPair[]): BlandAltman {
  if (pairs.length < 3) {
    throw new StatisticsError(`Agreement needs at least 3 pairs of measurements; there are ${pairs.length}.`);
  }
  const broken = pairs.findIndex(({ first, second }) => !Number.isFinite(first) || !Number.isFinite(second));
  if (broken >= 0) {
    const { first, second } = pairs[broken];
    throw new StatisticsError(`Pair ${broken} is (${first}, ${second}); give finite measurements only.`);
  }
  const differences = pairs.map(({ first, second }) => first - second);
  const count = pairs.length;
  const bias = mean(differences);
  const sd = standardDeviation(differences) ?? 0;
  const t = studentQuantile(0.975, count - 1);
  const around = (value: number, error: number): Interval => ({ low: value - t * error, high: value + t * error });
  const limitError = sd * Math.sqrt(1 / count + LIMIT ** 2 / (2 * (count - 1)));
  const [lower, upper] = [bias - LIMIT * sd, bias + LIMIT * sd];
  const means = pairs.map(({ first, second }) => (first + second) / 2);
  return {
    count,
    bias,
    biasInterval: around(bias, sd / Math.sqrt(count)),
    sd,
    lower,
    lowerInterval: around(lower, limitError),
    upper,
    upperInterval: around(upper, limitError),
    proportional: regression(means, differences),
  };
}

/** The least squares line of y on x; undefined where it has none, or where two points leave no error to judge it by. */
function regression(x: readonly number[], y: readonly number[]): BlandAltman['proportional'] {
  const [meanX, meanY] = [mean(x), mean(y)];
  const xx = x.reduce((sum, value) => sum + (value - meanX) ** 2, 0);
  if (xx === 0) return undefined;
  const slope = x.reduce((sum, value, i) => sum + (value - meanX) * (y[i] - meanY), 0) / xx;
  const intercept = meanY - slope * meanX;
  const freedom = x.length - 2;
  const residual = x.reduce((sum, value, i) => sum + (y[i] - intercept - slope * value) ** 2, 0);
  const error = Math.sqrt(residual / freedom / xx);
  const reach = studentQuantile(0.975, freedom) * error;
  return {
    slope,
    slopeInterval: { low: slope - reach, high: slope + reach },
    intercept,
    p: error === 0 ? Number(slope === 0) : studentTwoSided(slope / error, freedom),
  };
}
