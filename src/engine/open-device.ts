import { acquireGpu, defaultTuningStore, missingAdapterRemedy } from '#gpu';
import { describeAdapter, deviceDescriptor } from './adapter.js';
import { type Checked, Device } from './device.js';
import { DeviceError, SondeError } from './errors.js';
import type { GpuProviderOptions } from './gpu-provider.js';
import * as kinds from './kinds.js';
import { signature } from './signature.js';
import type { TuningStore } from './tuning.js';

export interface DeviceOptions extends GpuProviderOptions {
  /**
   * A device that is there already, to share buffers with what else uses it: see {@link fromBuffer}. Its features and
   * limits are what kernels get, and `close` leaves it open. Options about adapters have no effect then.
   */
  readonly device?: GPUDevice;
  readonly powerPreference?: GPUPowerPreference;
  /**
   * Look at every result, and name the operation that left elements of it unwritten, wrote beyond its end, or produced
   * NaN or Inf; with `'nan'`, infinities are allowed, as in masks of −∞. Slower, and takes more memory, since every
   * operation runs by itself; results may differ in the last bit where a driver contracts multiply and add.
   */
  readonly checked?: Checked;
  /**
   * Where measured kernel choices are kept between processes, or `'none'`. Default: a file in the user's cache folder
   * in Node, nowhere in a browser.
   */
  readonly tuning?: TuningStore | 'none';
}

const openDeviceTakes = signature<DeviceOptions>(
  'openDevice',
  {},
  {
    device: kinds.optional(kinds.object('a GPUDevice', 'queue', 'createComputePipelineAsync')),
    powerPreference: kinds.optional(kinds.oneOf('low-power', 'high-performance')),
    checked: kinds.optional(kinds.oneOf(true, false, 'nan')),
    tuning: kinds.optional(
      kinds.either(kinds.oneOf('none'), kinds.object('a store with load and save', 'load', 'save')),
    ),
    dawn: kinds.optional(kinds.list('strings', kinds.text)),
    experimental: kinds.optional(kinds.flag),
  },
);

/**
 * Opens the machine's GPU, or its software driver.
 * @throws DeviceError if there is no adapter, with what to do about it.
 */
export async function openDevice(options: DeviceOptions = {}): Promise<Device> {
  openDeviceTakes(arguments);
  const { checked = false } = options;
  const { device: given } = options;
  const provider = acquireGpu(options);
  if (!provider) throw new DeviceError(`openDevice: this host offers no WebGPU; ${missingAdapterRemedy}.`);
  const store = options.tuning === 'none' ? undefined : (options.tuning ?? defaultTuningStore());
  const ready = async (device: Device) => {
    await device.tuning.load();
    return device;
  };
  try {
    if (given) {
      // In WebGPU's current text, not yet in all type definitions.
      const { adapterInfo: info } = given as GPUDevice & { adapterInfo: GPUAdapterInfo };
      return await ready(
        new Device(provider, given, describeAdapter({ info, features: given.features }), checked, store, false),
      );
    }
    const adapter = await provider.wait(() =>
      provider.gpu.requestAdapter({ powerPreference: options.powerPreference ?? 'high-performance' }),
    );
    if (!adapter) throw new DeviceError(`openDevice: WebGPU found no adapter; ${missingAdapterRemedy}.`);
    const gpu = await provider.wait(() => adapter.requestDevice(deviceDescriptor(adapter)));
    return await ready(new Device(provider, gpu, describeAdapter(adapter), checked, store));
  } catch (cause) {
    provider.release();
    if (cause instanceof SondeError) throw cause;
    throw new DeviceError(`openDevice: the adapter gave no device (${(cause as Error).message}).`, { cause });
  }
}
