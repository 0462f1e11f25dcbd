export { clipByNorm, clipWithNorm, globalNorm } from './clip.js';
export { MovingAverage } from './moving-average.js';
export { Adam, type AdamOptions, AdamW, Optimizer, SGD } from './optimizer.js';
