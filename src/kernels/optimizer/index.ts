export { clipByNorm, clipWithNorm, globalNorm } from './clip.js';
export { LossScaler, type LossScalerOptions } from './loss-scaler.js';
export { MovingAverage } from './moving-average.js';
export { Adam, type AdamOptions, AdamW, Optimizer, SGD, type SGDOptions, type StepAttributes } from './optimizer.js';
