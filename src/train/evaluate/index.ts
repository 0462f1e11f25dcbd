export { type CalibrationFrames, calibrateRun, loadCalibrationFrames } from './calibrate.js';
export { type Evaluation, type EvaluationInput, evaluate } from './evaluate.js';
export { hashFrames, hashWeights, staleScores } from './provenance.js';
export { commonOrigin, readScoredFrames, type ScoredSplit } from './scored-split.js';
export { type ScoringOptions, scoreCases } from './scores.js';
