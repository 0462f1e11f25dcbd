export { max, mean, sumOfSquares } from './reduce.js';
export type { ReduceOptions } from './reduction.js';
