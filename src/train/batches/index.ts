export { BatchError, batchesOf, epochOrder, fixedBatches } from './batches.js';
