export { createFileAtomically, writeFileAtomically } from './atomic.js';
export { type CalibrationKey, readCalibration, writeCalibration } from './calibration-file.js';
export {
  describeRunEnvironment,
  describeSoftware,
  ENVIRONMENT_FILE,
  type RunEnvironment,
  runEnvironmentSchema,
  type SoftwareEnvironment,
} from './environment.js';
export { GALLERY_FILE, type GalleryPicture, gallerySchema } from './gallery.js';
export {
  type EnsembleScores,
  METRICS_FILE,
  type MetricsFile,
  metricsFileSchema,
  readMetricsFile,
  type Scores,
  type SplitMetrics,
  scoresSchema,
  splitMetricsSchema,
} from './metrics-file.js';
export { type MetricsLine, MetricsLog } from './metrics-log.js';
export { type Prediction, PredictionsError, parsePredictionsCsv, predictionsCsv } from './predictions.js';
export { RunFolder, RunFolderError } from './run-folder.js';
export { predictionsFile, readScoredFrames, type ScoredFrame, scoredFrame } from './scored-frames.js';
