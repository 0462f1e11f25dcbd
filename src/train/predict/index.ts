export { buildHeatmapReader, buildModel } from './build.js';
export { createEnsemble, type Ensemble, ensembleSchema, readEnsemble } from './ensemble.js';
export { FlippingPredictor, mergePredictions, untrainedFlips } from './flips.js';
export { type ImageResult, type PredictOptions, predictImages } from './predict-images.js';
export { type LoadedRun, loadRun, type RunReading, readRun, type TrainedRun, withRun } from './trained-run.js';
