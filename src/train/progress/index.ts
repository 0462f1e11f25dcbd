export {
  type EpochResult,
  type ProgressStream,
  TrainingProgress,
  type TrainingProgressOptions,
} from './training-progress.js';
