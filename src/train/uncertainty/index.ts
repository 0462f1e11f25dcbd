export { assessUncertainty } from './assess.js';
export { fitCalibration, type UncertainCase } from './fit.js';
export { fitFeatures } from './fit-features.js';
export {
  CALIBRATION_FILE,
  calibrationFileSchema,
  calibrationSchema,
  type Reliabilities,
  type Reliability,
  type StoredCalibration,
  type UncertaintyAssessment,
  uncertaintyAssessmentSchema,
} from './schema.js';
export { fitThreshold } from './threshold.js';
