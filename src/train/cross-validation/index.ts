export {
  createSplits,
  DEFAULT_FOLDS,
  type FoldCases,
  findFoldCases,
  POOLED_SPLITS,
  type SplitOptions,
} from './create-splits.js';
export { type CrossValidationInput, crossValidate, foldsInWork } from './cross-validate.js';
export { formatSplits, stratumWarnings } from './describe-splits.js';
export { predictorSource, prepareEnsemble } from './ensemble.js';
export { CrossValidationFolder, ENSEMBLE_FOLDER, SPLITS_FILE } from './folder.js';
export { formatCrossValidation } from './format-results.js';
export { type HeldOut, heldOutSchema } from './held-out.js';
export type { PooledCase } from './pool.js';
export { type CrossValidation, crossValidationSchema, FOLD_SCORES, type FoldScores } from './results.js';
export { countSeenFrames } from './seen-frames.js';
export { CrossValidationError, parseSplits, type Splits, splitsSchema } from './splits.js';
export { RESULTS_FILE, summariseCrossValidation } from './summarise.js';
