export { type AngleUncertainty, angleGradient, angleUncertainty } from './angle.js';
export { type CalibrationKey, calibrationFor, sameReading } from './calibration-key.js';
export {
  addCovariances,
  type Covariance,
  type Ellipse,
  ellipseOf,
  mahalanobisSquared,
  mapVariances,
  rootMeanSquare,
  scaleCovariance,
} from './covariance.js';
export { type FeatureDistribution, type FrameDistance, frameDistance } from './distance.js';
export { type Doubts, doubtsAbout, LEAST_CONFIDENCE, MOST_PREDICTED_ERROR } from './doubts.js';
export { disagreement, type EnsembleMember, ensembleUncertainty, pointCovariance } from './ensemble.js';
export {
  type Calibration,
  type FrameUncertainty,
  frameUncertainty,
  type LandmarkCalibration,
  type LandmarkUncertainty,
  scaleUncertainty,
} from './frame.js';
export {
  type HeatmapLayout,
  type HeatmapUncertainties,
  type HeatmapUncertainty,
  heatmapCellSize,
  heatmapUncertainty,
} from './heatmap.js';
