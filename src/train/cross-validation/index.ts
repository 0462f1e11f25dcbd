export {
  createSplits,
  DEFAULT_FOLDS,
  type FoldCases,
  findFoldCases,
  POOLED_SPLITS,
  type SplitOptions,
} from './create-splits.js';
export { formatSplits, stratumWarnings } from './describe-splits.js';
export { CrossValidationError } from './errors.js';
export type { PooledCase } from './pool.js';
export { parseSplits, type Splits, splitsSchema } from './splits.js';
