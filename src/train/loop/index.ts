export { buildLoss, buildOptimizer, buildSchedule, type TrainingLoss } from './build.js';
export { type DryRun, OVERFIT_GOAL } from './dry-run.js';
export type { InitialLayers, InitialWeights, InitialWeightsSource } from './initial-weights.js';
export { canResume, type RunInput, runTraining } from './run.js';
export { train } from './train.js';
export { openTrainingDisplay } from './training-display.js';
export {
  type EpochMetrics,
  TrainingError,
  type TrainingEvents,
  type TrainingInput,
  type TrainingOutcome,
} from './training-input.js';
export { tuneTraining } from './tune.js';
