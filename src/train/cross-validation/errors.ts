import { SondeError } from '../../engine/errors.js';

/** Frames that cannot be divided into folds, or folds that do not belong to the data or the settings given. */
export class CrossValidationError extends SondeError {
  override name = 'CrossValidationError';
}
