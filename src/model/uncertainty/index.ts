export { type AngleUncertainty, angleGradient, angleUncertainty } from './angle.js';
export {
  addCovariances,
  type Covariance,
  type Ellipse,
  ellipseOf,
  mahalanobisSquared,
  rootMeanSquare,
  scaleCovariance,
} from './covariance.js';
export { type EnsembleMember, ensembleHeatmaps, pointCovariance } from './ensemble.js';
export {
  type Calibration,
  type FrameHeatmaps,
  type FrameUncertainty,
  frameUncertainty,
  type LandmarkUncertainty,
} from './frame.js';
export { type HeatmapLayout, type HeatmapUncertainty, heatmapCellSize, heatmapUncertainty } from './heatmap.js';
