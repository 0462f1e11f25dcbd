export { buildModel, buildOptimizer, type Checkpoint, loadRun, lossOptions, RunError } from './build.js';
export { fromCoordinates, mapLandmarks, toCoordinates } from './coordinates.js';
export { type Evaluation, type EvaluationInput, evaluate, type SplitMetrics } from './evaluate.js';
export { loadNetworkFrames, type NetworkFrame } from './frames.js';
export { type ImageResult, predictImages } from './predict.js';
export { CONFIDENCE_RADIUS, type FramePrediction, Predictor } from './predictor.js';
export { runTraining } from './run.js';
export { TrainingError, type TrainingEvents, type TrainingInput, type TrainingOutcome, train } from './train.js';
export { tuneTraining } from './tune.js';
