import { SondeError } from '../engine/errors.js';

/** A report that cannot be written. */
export class ReportError extends SondeError {
  override name = 'ReportError';
}
