/** Every operation, as a function on tensors. */
export * from './batchNorm/index.js';
export { type Conv2dOptions, conv2d } from './conv2d/conv2d.js';
export { type ConvTranspose2dOptions, convTranspose2d } from './convTranspose2d/convTranspose2d.js';
export * from './elementwise/index.js';
export * from './expectation2d/index.js';
export * from './gatherFrames/index.js';
export * from './gaussianBlur/index.js';
export * from './greyJitter/index.js';
export * from './heatmap/index.js';
export { matmul } from './matmul/matmul.js';
export * from './movement/index.js';
export * from './optimizer/index.js';
export * from './pool2d/index.js';
export * from './reduce/index.js';
export * from './resize2d/index.js';
export * from './sampleAffine/index.js';
export * from './softmax/index.js';
export * from './tuner/index.js';
