/**
 * Data sets, phantoms, augmentation, training, evaluation. Runs in Node.
 *
 * @module sonde/train
 */

export * from '../images/index.js';
export * from '../report/index.js';
export * from './augmentation/index.js';
export * from './batches/index.js';
export * from './check-data/index.js';
export * from './checkpoint/index.js';
export * from './comparison/index.js';
export * from './config/index.js';
export * from './cross-validation/index.js';
export * from './dataset/index.js';
export * from './duplicates/index.js';
export * from './export/index.js';
export * from './flip.js';
export * from './landmarks.js';
export * from './loop/index.js';
export * from './metrics/index.js';
export * from './overlay/index.js';
export * from './phantom/index.js';
export { type Purpose, RandomStream, type StreamKey } from './philox.js';
export * from './progress/index.js';
export * from './run-folder/index.js';
export * from './schedule/index.js';
export * from './search/index.js';
export * from './significance/index.js';
export * from './statistics/index.js';
export * from './uncertainty/index.js';
