/** `sonde/engine`: tensors, autograd and kernels on WebGPU. */
export * from './engine/index.js';
export * from './kernels/index.js';
