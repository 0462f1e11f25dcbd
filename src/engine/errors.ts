/** Base of every error that sonde throws on purpose: one sentence with the numbers and the remedy. */
export class SondeError extends Error {
  override name = 'SondeError';
}

/** Shapes, axes or options that do not fit an operation. Thrown when the operation is recorded. */
export class ShapeError extends SondeError {
  override name = 'ShapeError';
}

/**
 * A tensor that cannot be used here: disposed, of another device, of another trace, or changed since it was recorded.
 */
export class TensorError extends SondeError {
  override name = 'TensorError';
}

/** A request that exceeds a limit of the adapter, such as the largest storage binding. */
export class LimitError extends SondeError {
  override name = 'LimitError';
}

/** No adapter, a lost device, or a device that has run out of memory. */
export class DeviceError extends SondeError {
  override name = 'DeviceError';
}

/** The driver rejected a kernel or a command. A bug in a kernel or in the engine. */
export class ShaderError extends SondeError {
  override name = 'ShaderError';
}

/** Checked mode found NaN or Inf, a write outside a result, or elements that nothing was written to. */
export class NumericError extends SondeError {
  override name = 'NumericError';

  /**
   * @param finding What was found, as in "log (in head) produced NaN or Inf".
   * @param step In which execution of the program, from 1.
   * @param inputs The operation's inputs, by shape and label.
   */
  constructor(
    readonly finding: string,
    readonly step: number,
    readonly inputs: string,
  ) {
    super(`${finding} in step ${step}; its inputs are ${inputs}.`);
  }
}

/** No path leads from the loss to a tensor whose gradient was asked for. */
export class GradientError extends SondeError {
  override name = 'GradientError';
}

/**
 * Whether something smaller, such as a smaller batch, would help: a tensor beyond the largest binding, or no room for a
 * program.
 */
export function isTooLarge(error: unknown): error is LimitError | DeviceError {
  return error instanceof LimitError || (error instanceof DeviceError && /no room|gave no buffer/.test(error.message));
}
