import { DeviceError, LimitError } from '../../index.js';

/** Whether a smaller batch would help: a tensor beyond the largest binding, or no room for the program. */
export function isTooLarge(error: unknown): error is LimitError | DeviceError {
  return error instanceof LimitError || (error instanceof DeviceError && /no room|gave no buffer/.test(error.message));
}
