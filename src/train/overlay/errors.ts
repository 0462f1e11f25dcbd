import { SondeError } from '../../engine/errors.js';

/** An overlay that cannot be drawn. */
export class OverlayError extends SondeError {
  override name = 'OverlayError';
}
