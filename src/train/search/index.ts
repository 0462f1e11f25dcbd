export type {
  CategoricalDistribution,
  Distribution,
  Distributions,
  FloatDistribution,
  IntDistribution,
  ParameterValue,
} from './distribution.js';
export { SearchError } from './errors.js';
export { HalvingPruner, type HalvingPrunerOptions } from './halving-pruner.js';
export { MedianPruner, type MedianPrunerOptions, NoPruner, type Pruner, type PruningDecision } from './pruner.js';
export { RandomSampler, type Sampler } from './sampler.js';
export { parametersOf, Study, type StudyOptions, type StudyPurpose, type Verdict } from './study.js';
export { type TpeOptions, TpeSampler } from './tpe-sampler.js';
export type { Trial, TrialState } from './trial.js';
export { Workers } from './workers.js';
