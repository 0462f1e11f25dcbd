/**
 * Data sets, phantoms, augmentation, training, evaluation. Runs in Node.
 *
 * @module sonde/train
 */

export * from '../images/index.js';
export { fromCoordinates, mapLandmarks, scaleTo512, toCoordinates } from '../model/coordinates.js';
export { type Fit, type FittedFrame, FrameTransform, fitFrame, fitTransform } from '../model/fit-frame.js';
export { buildPredictor, buildTrainedModel } from '../model/frame-result/index.js';
export { angleOfProgression, LANDMARK_NAMES, type Landmarks, type Point } from '../model/landmarks.js';
export {
  CONFIDENCE_RADIUS,
  type FramePrediction,
  type FramePredictor,
  type PredictedHeatmaps,
  Predictor,
  type PredictorOptions,
} from '../model/predictor.js';
export * from '../report/index.js';
export * from './augmentation/index.js';
export * from './batches/index.js';
export * from './check-data/index.js';
export * from './checkpoint/index.js';
export * from './comparison/index.js';
export * from './config/index.js';
export * from './cross-validation/index.js';
export * from './dataset/index.js';
export * from './describe/index.js';
export * from './duplicates/index.js';
export * from './evaluate/index.js';
export * from './export/index.js';
export * from './flip.js';
export * from './loop/index.js';
export * from './metrics/index.js';
export { type AugmentationSheetOptions, drawAugmentationSheet, SheetError } from './overlay/augmentation-sheet.js';
export * from './overlay/index.js';
export * from './phantom/index.js';
export { type Purpose, RandomStream, type StreamKey } from './philox.js';
export * from './predict/index.js';
export * from './progress/index.js';
export * from './run-folder/index.js';
export * from './schedule/index.js';
export * from './search/index.js';
export * from './significance/index.js';
export * from './statistics/index.js';
export * from './uncertainty/index.js';
