/** `sonde/train`: data sets, phantoms, augmentation, training, evaluation. Runs in Node. */
export * from './augmentation/index.js';
export * from './batches/index.js';
export * from './check-data/index.js';
export * from './config/index.js';
export * from './dataset/index.js';
export * from './duplicates/index.js';
export * from './image/index.js';
export * from './landmarks.js';
export * from './loop/index.js';
export * from './metrics/index.js';
export * from './overlay/index.js';
export * from './phantom/index.js';
export * from './progress/index.js';
export * from './run-folder/index.js';
export * from './schedule/index.js';
export * from './statistics/index.js';
export * from './uncertainty/index.js';
