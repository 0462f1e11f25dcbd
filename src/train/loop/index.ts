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
export { loadNetworkFrames, type NetworkFrame, type TrainingCases } from '../dataset/frames.js';
export { type CalibrationFrames, calibrateRun, loadCalibrationFrames } from '../evaluate/calibrate.js';
export { type Evaluation, type EvaluationInput, evaluate } from '../evaluate/evaluate.js';
export { hashFrames, hashWeights, staleScores } from '../evaluate/provenance.js';
export { commonOrigin, readScoredFrames, type ScoredSplit } from '../evaluate/scored-split.js';
export { type ScoringOptions, scoreCases } from '../evaluate/scores.js';
export { type AugmentationSheetOptions, drawAugmentationSheet, SheetError } from '../overlay/augmentation-sheet.js';
export { createEnsemble, type Ensemble, ensembleSchema, readEnsemble } from '../predict/ensemble.js';
export { FlippingPredictor, mergePredictions, untrainedFlips } from '../predict/flips.js';
export { type ImageResult, type PredictOptions, predictImages } from '../predict/predict-images.js';
export { type LoadedRun, loadRun, type RunReading, readRun, type TrainedRun, withRun } from '../predict/trained-run.js';
export { RunError } from '../run-folder/run-error.js';
export { type RunStart, readRunStart } from '../run-folder/run-start.js';
export type { TrainingSetSummary } from '../run-folder/training-set.js';
export {
  buildDecoder,
  buildLoss,
  buildModel,
  buildOptimizer,
  buildSchedule,
  type TrainingLoss,
} from './build.js';
export { OVERFIT_GOAL, type Rehearsal } from './dry-run.js';
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
