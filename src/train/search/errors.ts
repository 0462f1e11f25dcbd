import { SondeError } from '../../engine/errors.js';

/** A search that cannot go on: a damaged study file, another search's study, or a space that makes no sense. */
export class SearchError extends SondeError {
  override name = 'SearchError';
}
