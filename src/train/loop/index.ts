export {
  buildDecoder,
  buildLoss,
  buildModel,
  buildOptimizer,
  buildSchedule,
  buildTrainedModel,
  type TrainingLoss,
} from './build.js';
export { buildPredictor } from './build-predictor.js';
export { fromCoordinates, mapLandmarks, toCoordinates } from './coordinates.js';
export { type Evaluation, type EvaluationInput, evaluate } from './evaluate.js';
export { loadNetworkFrames, type NetworkFrame } from './frames.js';
export { type ImageResult, predictImages } from './predict.js';
export { CONFIDENCE_RADIUS, type FramePrediction, Predictor } from './predictor.js';
export { runTraining, type TrainingCases } from './run.js';
export { type ScoringOptions, scoreCases } from './scores.js';
export { TrainingError, type TrainingEvents, type TrainingInput, type TrainingOutcome, train } from './train.js';
export { type Checkpoint, loadRun, RunError, readRun, type TrainedRun } from './trained-run.js';
export { tuneTraining } from './tune.js';
