import { expect, type MockInstance, test, vi } from 'vitest';
import { type PersonaName, personas, withPersona } from '../../src/engine/persona.js';
import {
  type Device,
  type DeviceOptions,
  type DeviceTraits,
  findMatrixUnits,
  type MatrixUnit,
  openDevice,
} from '../../src/index.js';
import { type KernelVariant, offersLanes } from '../../src/kernels/implicit-gemm/variants.js';

// Test files run in one process and share these, and with them every compiled pipeline. By persona and mode.
const shared = new Map<string, Promise<Device>>();

function kept(persona: PersonaName | undefined, checked: boolean): Promise<Device> {
  const key = `${persona} ${checked}`;
  const device = shared.get(key) ?? openAs(persona, { checked, tuning: 'none' });
  shared.set(key, device);
  return device;
}

/** The device that all tests share, or all that want this persona. */
export function sharedDevice(persona?: PersonaName): Promise<Device> {
  return kept(persona, false);
}

/** A second one in checked mode: guards behind every value, and a scan for NaN and Inf. */
export function checkedDevice(persona?: PersonaName): Promise<Device> {
  return kept(persona, true);
}

/** Whether this adapter runs a variant: browsers other than Chromium have no subgroups, and so no `lanes`. */
export async function offers(variant: KernelVariant): Promise<boolean> {
  return variant !== 'lanes' || offersLanes((await sharedDevice()).traits);
}

/** Those of the variants that this adapter runs. For each of the others there is a test that is skipped, by name. */
export async function offered(...variants: KernelVariant[]): Promise<KernelVariant[]> {
  const here: KernelVariant[] = [];
  for (const variant of variants) {
    if (await offers(variant)) here.push(variant);
    else test.skip(`on ${variant}, for which this adapter lacks subgroups of one size`);
  }
  return here;
}

/**
 * Lets both choose kernels as for a GPU, or as they are, for tests that name the others as well: a persona would refuse
 * `lanes`.
 * @returns What undoes it.
 */
export async function pretend(kind: 'own' | 'GPU'): Promise<() => void> {
  const devices = await Promise.all([sharedDevice(), checkedDevice()]);
  const restore = kind === 'GPU' ? devices.map((device) => withTraits(device, { software: false })) : [];
  return () => {
    for (const undo of restore) undo();
  };
}

/** Makes a device choose kernels as one with other traits would. @returns What undoes it. */
export function withTraits(device: Device, changed: Partial<DeviceTraits>): () => void {
  const own = device.traits;
  const set = (value: DeviceTraits) => Object.defineProperty(device, 'traits', { value });
  set(Object.freeze({ ...own, ...changed }));
  return () => set(own);
}

/** A device of the machine's adapter as a persona: see docs/personas.md. To be closed. */
export function openAs(persona: PersonaName | undefined, options: DeviceOptions = {}): Promise<Device> {
  if (!persona) return openDevice(options);
  // Asking for the adapter is the first thing that happens.
  if (typeof process === 'undefined') {
    const { gpu } = navigator;
    Object.defineProperty(navigator, 'gpu', { value: withPersona(gpu, personas[persona]), configurable: true });
    const device = openDevice(options);
    Object.defineProperty(navigator, 'gpu', { value: gpu, configurable: true });
    return device;
  }
  const before = process.env.SONDE_PERSONA;
  process.env.SONDE_PERSONA = persona;
  const device = openDevice(options);
  if (before === undefined) delete process.env.SONDE_PERSONA;
  else process.env.SONDE_PERSONA = before;
  return device;
}

/** A device, and those of its matrix units that compute correctly. */
export interface DeviceWithMatrixUnits {
  readonly device: Device;
  readonly matrixUnits: MatrixUnit;
}

let withUnits: Promise<DeviceWithMatrixUnits | undefined> | undefined;

/**
 * A device of a driver with matrix units, and these, if the machine has one. They are open behind experimental flags
 * only.
 */
export function deviceWithMatrixUnits(): Promise<DeviceWithMatrixUnits | undefined> {
  withUnits ??= (async () => {
    const device = await openDevice({ experimental: true, tuning: 'none' });
    const { units, struck } = await findMatrixUnits(device);
    expect(struck).toEqual([]);
    if (units) return { device, matrixUnits: units };
    device.close();
    // scripts/matrix-driver.sh says so: there, tests that find none would be tests that cannot fail. A page has no
    // environment.
    const expected = typeof process === 'undefined' ? undefined : process.env.SONDE_MATRIX_UNITS;
    expect(expected, 'a driver without matrix units').not.toBe('expected');
    return undefined;
  })();
  return withUnits;
}

/** Lets a device say once that it is out of memory, at its next question but `later`. To be restored. */
export function reportFull({ gpu }: Device, later = 0): MockInstance<GPUDevice['popErrorScope']> {
  const pop = gpu.popErrorScope.bind(gpu);
  let asked = 0;
  return vi.spyOn(gpu, 'popErrorScope').mockImplementation(async () => {
    const error = await pop();
    asked += 1;
    return asked === later + 1 ? ({ message: 'full' } as GPUError) : error;
  });
}

/** A device of its own that pretends to bind at most `bytes`. To be closed. */
export async function limitedDevice(bytes: number): Promise<Device> {
  const device = await openDevice({ tuning: 'none' });
  const limits = new Proxy(device.limits, {
    get: (real, name) => (name === 'maxStorageBufferBindingSize' ? bytes : Reflect.get(real, name, real)),
  });
  Object.defineProperty(device, 'limits', { value: limits });
  return device;
}
