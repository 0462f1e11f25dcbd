export { type GroupNormOptions, groupNorm } from './group-norm.js';
