import { SondeError } from '../../engine/errors.js';

/** A network that cannot become an ONNX model. */
export class OnnxError extends SondeError {
  override name = 'OnnxError';
}
