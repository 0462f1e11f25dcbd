import { SondeError } from '../../engine/errors.js';

/** A run's folder that holds no trained model, or lacks what is asked of it. */
export class RunError extends SondeError {
  override name = 'RunError';
}
