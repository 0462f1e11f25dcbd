export {
  type FrameResult,
  type FrameSource,
  frameResult,
  type NetworkFacts,
  type ResultUncertainty,
} from './frame-result.js';
export { type FrameSelection, parseFrames, selectFrames } from './frame-selection.js';
export type { HeatmapLevels } from './heatmap-levels.js';
export {
  type AnsweredFrame,
  type AnswerOptions,
  answerFrames,
  answerPrepared,
  buildPredictor,
  buildTrainedModel,
  heatmapsOf,
  LoadedPredictor,
  type LoadOptions,
  loadPredictor,
  type PredictorConfig,
  type PreparedFrame,
  precisionOn,
  prepareFrame,
  type TrainedModel,
} from './load-predictor.js';
export { type AngleOverTime, type LoopSummary, loopSummary } from './loop.js';
export { type MeasuredFrame, type Measurements, measure, SHORTEST_RAY, type Spacing } from './measure.js';
export { NOTICE } from './notice.js';
export { type FrameView, type ViewedFrame, viewFrame } from './view.js';
export { type WarnedFrame, warningsOf } from './warnings.js';
