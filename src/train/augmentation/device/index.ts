export { type AugmentedBatch, augmentFrames } from './augment-frames.js';
export { type DeviceDraws, drawOnDevice } from './draws.js';
export { FrameStore } from './frame-store.js';
