export {
  CALIBRATION_FILE,
  calibrationSchema,
  type Reliabilities,
  type Reliability,
  type StoredCalibration,
  type UncertaintyAssessment,
  uncertaintyAssessmentSchema,
} from './schema.js';
