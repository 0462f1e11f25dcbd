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
export { DiskFullError, RunFolderError } from './errors.js';
export { GALLERY_FILE, type GalleryPicture, gallerySchema } from './gallery.js';
export { GUARD_FILE, type GuardOptions, withGuard } from './guard.js';
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
export {
  type Prediction,
  type PredictionOrigin,
  PredictionsError,
  parsePredictionsCsv,
  predictionsCsv,
} from './predictions.js';
export { type Provenance, provenanceSchema } from './provenance.js';
export { RunError } from './run-error.js';
export { RunFolder } from './run-folder.js';
export { type RunStart, readRunStart } from './run-start.js';
export { predictionsFile, type ScoredFrame, scoredFrame } from './scored-frames.js';
export type { TrainedSet, TrainingSetSummary } from './training-set.js';
