export { BatchError, batchesOf, epochOrder, fixedBatches, weightedOrder } from './batches.js';
