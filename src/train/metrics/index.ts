export { type BootstrapIntervals, type BootstrapOptions, bootstrapIntervals, type Interval } from './bootstrap.js';
export {
  angleError,
  evaluateLandmarks,
  type LandmarkCase,
  type LandmarkMetrics,
  type LandmarkScore,
  landmarkDistances,
  MetricsError,
  type SuccessRates,
} from './evaluate.js';
export { scaleTo512 } from './frame.js';
export { meanLandmarks } from './mean-landmarks.js';
