export { max, mean, min, sumOfSquares } from './reduce.js';
export type { ReduceOptions } from './reduction.js';
