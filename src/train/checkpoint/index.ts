export { type Checkpoint, Checkpoints, checkpointFile, STATE_FILE } from './checkpoints.js';
export type { TrainingPosition } from './position.js';
export { CheckpointError, decodeState, encodeState, type RunIdentity, type TrainingState } from './state-file.js';
