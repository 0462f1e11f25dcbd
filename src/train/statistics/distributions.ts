import jStat from 'jstat';
import { SondeError } from '../../engine/errors.js';

/** Numbers or runs that a statistic cannot be computed from. */
export class StatisticsError extends SondeError {
  override name = 'StatisticsError';
}

// jStat's quantiles agree with R's to seven digits and its tails to an absolute 10⁻¹²: far more than an interval or a p
// is read to.

/** Probability that a standard normal value is farther from 0 than z, on either side. */
export function normalTwoSided(z: number): number {
  return Math.min(1, jStat.erfc(Math.abs(z) / Math.SQRT2));
}

/** Probability that a value of Student's distribution is farther from 0 than t, on either side. */
export function studentTwoSided(t: number, degreesOfFreedom: number): number {
  return Math.min(1, 2 * jStat.studentt.cdf(-Math.abs(t), degreesOfFreedom));
}

export function studentQuantile(p: number, degreesOfFreedom: number): number {
  return jStat.studentt.inv(p, degreesOfFreedom);
}

export function fisherQuantile(p: number, numerator: number, denominator: number): number {
  return jStat.centralF.inv(p, numerator, denominator);
}
