import { SondeError } from '../../engine/index.js';

/** A network that cannot become an ONNX model. */
export class OnnxError extends SondeError {
  override name = 'OnnxError';
}
