export { type AvgPoolOptions, avgPool2d } from './avg-pool2d.js';
export { maxPool2d } from './max-pool2d.js';
export type { Extent2d, PoolOptions } from './window.js';
