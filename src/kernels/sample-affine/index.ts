export { type SampleAffineOptions, sampleAffine } from './sample-affine.js';
