export { OnnxError } from './errors.js';
export { exportOnnx, type OnnxOptions } from './export-onnx.js';
export { FRAME_TYPES, type FrameType } from './frames.js';
