/**
 * Layers, the three networks, their losses and decoding, weights in and out, landmarks and how sure they are. Runs in
 * Node and in browsers.
 *
 * @module sonde/model
 */

export { fromCoordinates, mapLandmarks, scaleTo512, toCoordinates } from './coordinates.js';
export { DECODINGS, type Decoding, HeatmapReader } from './decoding.js';
export { DeepUNet, type DeepUNetOptions } from './deep-unet.js';
export { DsntDeepUNet, type DsntDeepUNetOptions, type Prediction } from './dsnt-deep-unet.js';
export {
  FITS,
  type Fit,
  type FittedFrame,
  type FrameExtent,
  FrameTransform,
  fitFrame,
  fitTransform,
  type GreyFrame,
  type Region,
} from './fit-frame.js';
export { fromNormalized, toNormalized } from './frame-coordinates.js';
export * from './frame-result/index.js';
export { HeatmapNetwork, type HeatmapNetworkOptions, type NetworkOutput } from './heatmap-network.js';
export { angleOfProgression, LANDMARK_NAMES, type Landmarks, type Point } from './landmarks.js';
export { LayerNameError, layersOf, tensorsNamed } from './layer-names.js';
export {
  BatchNormRelu,
  Conv2d,
  type Conv2dLayerOptions,
  ConvTranspose2d,
  DoubleConv,
  type DoubleConvOptions,
} from './layers.js';
export { heatmapLoss, type KeypointLoss, type KeypointLossOptions, keypointLoss, paperKeypointLoss } from './loss.js';
export {
  type MatchingWeightsOptions,
  type WeightsMatch,
  type WeightsMisfit,
  writeMatchingWeights,
} from './matching-weights.js';
export { type Builder, Module, type NamedTensor } from './module.js';
export { buildNetwork, type NetworkOptions } from './network.js';
export { exportOnnx, FRAME_TYPES, type FrameType, OnnxError, type OnnxOptions } from './onnx/index.js';
export {
  CONFIDENCE_RADIUS,
  FrameError,
  type FramePrediction,
  type FramePredictor,
  LEAST_RADIUS,
  type PredictedHeatmaps,
  PredictionError,
  Predictor,
  type PredictorOptions,
} from './predictor.js';
export {
  asFloat32,
  decodeSafetensors,
  encodeSafetensors,
  type SafetensorsDType,
  type SafetensorsFile,
  type SafetensorsTensor,
  WeightsError,
} from './safetensors.js';
export { UNet, type UNetOptions } from './u-net.js';
export * from './uncertainty/index.js';
export {
  exportWeights,
  fromPyTorchTensor,
  halveWeights,
  importWeights,
  readWeights,
  type SafetensorsTensors,
  toPyTorchTensor,
  writeWeights,
} from './weights.js';
