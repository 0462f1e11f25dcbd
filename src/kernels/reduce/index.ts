export { max, mean, type ReduceOptions, sum, sumOfSquares } from './reduce.js';
