import { SondeError } from '../engine/errors.js';

/**
 * A file that cannot be read as a frame: foreign, truncated, damaged, too large, or in an encoding that is not
 * supported.
 */
export class ImageError extends SondeError {
  override name = 'ImageError';

  /** Messages quote what stands in files; control characters there would break the line, or drive a terminal. */
  constructor(message: string, options?: ErrorOptions) {
    super(message.replace(/\p{Cc}+/gu, ' '), options);
  }
}

/** A whole file of a kind, or in an encoding, that is not supported. */
export class UnsupportedImageError extends ImageError {
  override name = 'UnsupportedImageError';
}

/** An image with more pixels or frames than are worth the memory. */
export class ImageTooLargeError extends ImageError {
  override name = 'ImageTooLargeError';

  /** @param size Pixels each way, where they are what is too large. */
  constructor(
    message: string,
    readonly size?: { readonly width: number; readonly height: number },
  ) {
    super(message);
  }
}
