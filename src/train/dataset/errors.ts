import { SondeError } from '../../engine/errors.js';

/** A data set that cannot be read or written: what was looked for, in which file and row. */
export class DatasetError extends SondeError {
  override name = 'DatasetError';
}
