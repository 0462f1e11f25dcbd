export { logSoftmax, type SoftmaxOptions, softmax } from './softmax.js';
