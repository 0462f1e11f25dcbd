export type {
  CategoricalDistribution,
  Distribution,
  Distributions,
  FloatDistribution,
  IntDistribution,
  ParameterValue,
} from './distribution.js';
export { SearchError } from './distribution.js';
export { HalvingPruner, type HalvingPrunerOptions } from './halving-pruner.js';
export { parameterImportance } from './importance.js';
export { describeScore, type EpochScores, OBJECTIVES, type Objective } from './objective.js';
export { MedianPruner, type MedianPrunerOptions, NoPruner, type Pruner, type PruningDecision } from './pruner.js';
export { RandomSampler, type Sampler } from './sampler.js';
export {
  BEST_FILE,
  PRUNERS,
  SAMPLERS,
  type SearchInput,
  SUMMARY_FILE,
  search,
  TRIALS_FOLDER,
  type TrialRunner,
} from './search.js';
export { checkSpace, defaultSpace, loadSpace, parseSpace } from './space.js';
export { parametersOf, Study, type StudyOptions, type StudyPurpose, type Verdict } from './study.js';
export { isSearchFolder, readSearch, type SearchSummary, searchSummarySchema } from './summary.js';
export { type TpeOptions, TpeSampler } from './tpe-sampler.js';
export { trainingRunner } from './train-trial.js';
export type { Trial, TrialState } from './trial.js';
export { Workers } from './workers.js';
