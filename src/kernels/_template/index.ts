export { type RmsNormOptions, rmsNorm } from './rms-norm.js';
