export { type BootstrapOptions, bootstrapIntervals, bootstrapMean } from './bootstrap.js';
export { mean, quantile, spread, standardDeviation } from './distribution.js';
export {
  angleError,
  checkCases,
  evaluateLandmarks,
  type LandmarkCase,
  landmarkDistances,
  landmarkErrors,
  MetricsError,
} from './evaluate.js';
export { apdOfMean, meanLandmarks } from './mean-landmarks.js';
export {
  type BootstrapIntervals,
  bootstrapIntervalsSchema,
  type DistanceScore,
  type Interval,
  intervalSchema,
  type LandmarkMetrics,
  type LandmarkScore,
  landmarkMetricsSchema,
  type Spread,
  type SuccessRates,
} from './schema.js';
