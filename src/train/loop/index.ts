export { fromCoordinates, mapLandmarks, toCoordinates } from '../../model/coordinates.js';
export { buildPredictor, buildTrainedModel } from '../../model/frame-result/index.js';
export {
  CONFIDENCE_RADIUS,
  type FramePrediction,
  type FramePredictor,
  type PredictedHeatmaps,
  Predictor,
  type PredictorOptions,
} from '../../model/predictor.js';
export { type AugmentationSheetOptions, drawAugmentationSheet, SheetError } from './augmentation-sheet.js';
export {
  buildDecoder,
  buildLoss,
  buildModel,
  buildOptimizer,
  buildSchedule,
  type TrainingLoss,
} from './build.js';
export { type CalibrationFrames, calibrateRun, loadCalibrationFrames } from './calibrate.js';
export { createEnsemble, type Ensemble, ensembleSchema, readEnsemble } from './ensemble.js';
export { type Evaluation, type EvaluationInput, evaluate } from './evaluate.js';
export { FlippingPredictor, mergePredictions, untrainedFlips } from './flips.js';
export { loadNetworkFrames, type NetworkFrame, type TrainingCases } from './frames.js';
export { type ImageResult, type PredictOptions, predictImages } from './predict.js';
export { hashFrames, hashWeights, staleScores } from './provenance.js';
export { OVERFIT_GOAL, type Rehearsal } from './rehearsal.js';
export { canResume, type RunInput, runTraining } from './run.js';
export { RunError } from './run-error.js';
export { type RunStart, readRunStart } from './run-start.js';
export { commonOrigin, readScoredFrames, type ScoredSplit } from './scored-split.js';
export { type ScoringOptions, scoreCases } from './scores.js';
export { train } from './train.js';
export { type LoadedRun, loadRun, type RunReading, readRun, type TrainedRun, withRun } from './trained-run.js';
export { openTrainingDisplay } from './training-display.js';
export {
  type EpochMetrics,
  TrainingError,
  type TrainingEvents,
  type TrainingInput,
  type TrainingOutcome,
} from './training-input.js';
export type { TrainingSetSummary } from './training-set.js';
export { tuneTraining } from './tune.js';
