export { type GaussianBlurOptions, gaussianBlur } from './gaussian-blur.js';
