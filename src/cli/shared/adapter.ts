import { type Device, DeviceError } from '../../index.js';
import { withDevice } from './device.js';

/**
 * As `withDevice`, on an adapter of which part of the name is given.
 *
 * @throws DeviceError with the names of those there are
 */
export async function withAdapter<T>(adapter: string | undefined, body: (device: Device) => Promise<T>): Promise<T> {
  if (adapter === undefined) return withDevice({}, body);
  let opened = false;
  try {
    return await withDevice({ dawn: [`adapter=${adapter}`] }, (device) => {
      opened = true;
      return body(device);
    });
  } catch (error) {
    if (opened || !(error instanceof DeviceError)) throw error;
    const names = Array.from(error.message.matchAll(/name: '([^']*)'/g), ([, name]) => name);
    throw new DeviceError(
      `--adapter ${adapter}: no adapter name contains it; available: ${names.join(', ') || 'none'}.`,
      { cause: error },
    );
  }
}
