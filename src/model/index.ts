/** `sonde/model`: layers, DSNT-DeepUNet, its loss, and weights in and out. Runs in Node and in browsers. */
export { DsntDeepUNet, type DsntDeepUNetOptions, type Prediction } from './dsnt-deep-unet.js';
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
export { exportWeights, importWeights } from './weights.js';
