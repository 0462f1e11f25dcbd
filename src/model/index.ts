/** `sonde/model`: layers, DSNT-DeepUNet, its loss, weights in and out, landmarks and how sure they are. Runs in Node and in browsers. */
export { DsntDeepUNet, type DsntDeepUNetOptions, type Prediction } from './dsnt-deep-unet.js';
export { angleOfProgression, LANDMARK_NAMES, type Landmarks, type Point } from './landmarks.js';
export { BatchNormRelu, Conv2d, type Conv2dLayerOptions, ConvTranspose2d, DoubleConv } from './layers.js';
export { heatmapLoss, type KeypointLoss, type KeypointLossOptions, keypointLoss, paperKeypointLoss } from './loss.js';
export { type Builder, Module, type NamedTensor } from './module.js';
export {
  asFloat32,
  decodeSafetensors,
  encodeSafetensors,
  type SafetensorsFile,
  type SafetensorsTensor,
  WeightsError,
} from './safetensors.js';
export * from './uncertainty/index.js';
export { exportWeights, importWeights } from './weights.js';
