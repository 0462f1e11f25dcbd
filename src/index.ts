/**
 * Tensors, autograd and kernels on WebGPU. Runs in Node and in browsers.
 *
 * @module sonde/engine
 */
export * from './engine/index.js';
export * from './kernels/index.js';
