import { SondeError } from '../../engine/errors.js';

/** Options of which no synthetic frame or set can be made. */
export class PhantomError extends SondeError {
  override name = 'PhantomError';
}
