export { type Affine, frameAffine, invertIsometry, transformPoint } from './affine.js';
export { AugmentationError, applyAugmentation, augment, type LabelledFrame } from './augment.js';
export { type AugmentedBatch, augmentFrames, type DeviceDraws, FrameStore } from './device/index.js';
export {
  type AppearanceDraws,
  type AugmentationDraws,
  type AugmentationKey,
  type AugmentationSettings,
  drawAugmentation,
  type GeometryDraws,
} from './draws.js';
