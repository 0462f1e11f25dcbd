export { max, mean, min, sumOfSquares } from './reduce.js';
export type { ReduceOptions } from './reduction.js';
export {
  all,
  any,
  detach,
  logSumExp,
  type NormOptions,
  norm,
  prod,
  std,
  type VarianceOptions,
  variance,
} from './statistics.js';
