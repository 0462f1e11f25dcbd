import { create, globals } from 'webgpu';
import type { Wait } from './contest.js';

const IMMEDIATE_POLLS = 20;
const POLL_INTERVAL_MS = 1;

/** Waits until every device that the engine has opened is idle. */
export type Finished = () => Promise<void>;

/**
 * Makes this process look like a browser with WebGPU to the engine that is loaded next. Changes globals, so an engine
 * has the process to itself.
 */
export async function installWebGpu(wait: Wait): Promise<{ adapter: string; finished: Finished }> {
  if (wait === 'paced') paceImmediates();
  Object.assign(globalThis, globals);
  const gpu = create([]);
  const navigator = { gpu, userAgent: `Node.js/${process.versions.node}`, platform: process.platform };
  Object.defineProperty(globalThis, 'navigator', { value: navigator, configurable: true, writable: true });

  const devices: GPUDevice[] = [];
  const requestAdapter = gpu.requestAdapter.bind(gpu);
  let name = '';
  gpu.requestAdapter = async (options) => {
    // The same choice as sonde's.
    const adapter = await requestAdapter({ powerPreference: 'high-performance', ...options });
    if (!adapter) return adapter;
    name = adapter.info.description || adapter.info.device;
    const requestDevice = adapter.requestDevice.bind(adapter);
    adapter.requestDevice = async (descriptor) => {
      const device = await requestDevice(descriptor);
      devices.push(device);
      return device;
    };
    return adapter;
  };
  await gpu.requestAdapter();
  return {
    adapter: name,
    finished: async () => {
      await Promise.all(devices.map((device) => device.queue.onSubmittedWorkDone()));
    },
  };
}

/**
 * Dawn polls by `setImmediate`, which keeps a core busy: a few polls at once, then one a millisecond, as sonde does.
 */
function paceImmediates(): void {
  const immediately = globalThis.setImmediate;
  let pending: (() => void)[] = [];
  let running = false;
  let streak = 0;
  const poll = () => {
    const due = pending;
    pending = [];
    running = true;
    for (const call of due) call();
    running = false;
    streak += 1;
    if (pending.length > 0) schedule();
  };
  const schedule = () => {
    if (streak < IMMEDIATE_POLLS) immediately(poll);
    else setTimeout(poll, POLL_INTERVAL_MS);
  };
  const paced = (callback: (...args: unknown[]) => void, ...args: unknown[]) => {
    pending.push(() => callback(...args));
    if (running || pending.length > 1) return;
    // Nothing was waiting: a new wait begins.
    streak = 0;
    schedule();
  };
  globalThis.setImmediate = paced as unknown as typeof globalThis.setImmediate;
}
