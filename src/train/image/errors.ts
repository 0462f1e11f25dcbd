import { SondeError } from '../../engine/errors.js';

/** A file that cannot be read as a frame: foreign, truncated, damaged, too large, or in an encoding that is not read. */
export class ImageError extends SondeError {
  override name = 'ImageError';

  /** Messages quote what stands in files; control characters there would break the line, or drive a terminal. */
  constructor(message: string, options?: ErrorOptions) {
    super(message.replace(/\p{Cc}+/gu, ' '), options);
  }
}
