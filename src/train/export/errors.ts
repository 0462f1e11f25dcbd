import { SondeError } from '../../engine/errors.js';

/** A model that cannot be exported as asked. */
export class ExportError extends SondeError {
  override name = 'ExportError';
}
