import { SondeError } from '../../engine/errors.js';

/** Numbers or runs that a statistic cannot be computed from. */
export class StatisticsError extends SondeError {
  override name = 'StatisticsError';
}
