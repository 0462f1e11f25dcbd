import { type Device, type DeviceOptions, openDevice } from '../../index.js';

/** Runs `body` with an open device and closes it, whatever happens. */
export async function withDevice<T>(options: DeviceOptions, body: (device: Device) => Promise<T>): Promise<T> {
  // f16 on NVIDIA's cards and matrix units: what a configuration of mixed precision needs, and nothing else uses.
  const device = await openDevice({ experimental: true, ...options });
  try {
    return await body(device);
  } finally {
    device.close();
  }
}
