export { type BatchNormOptions, batchNorm } from './batchNorm.js';
