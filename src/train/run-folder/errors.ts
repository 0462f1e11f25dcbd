import { SondeError } from '../../engine/errors.js';

/** A run's folder that cannot be used: taken by another run, or with nothing to resume. */
export class RunFolderError extends SondeError {
  override name = 'RunFolderError';
}

/** A disk that is full, or a user's share of it. */
export class DiskFullError extends RunFolderError {
  override name = 'DiskFullError';

  /**
   * @param what What there was no room for, as in "run has no room for config.json (ENOSPC)"
   * @param remedy What to do about it
   */
  constructor(
    private readonly what: string,
    remedy = 'free some space and resume: what was written before is complete',
    options?: ErrorOptions,
  ) {
    super(`${what}; ${remedy}.`, options);
  }

  /** The same of a run that had come to nothing that could be gone on from. */
  ofNothingKept(): DiskFullError {
    return new DiskFullError(this.what, 'free some space and start again: nothing had been saved yet', {
      cause: this.cause,
    });
  }
}
