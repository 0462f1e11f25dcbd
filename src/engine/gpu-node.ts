import { existsSync, mkdirSync } from 'node:fs';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { create } from 'webgpu';
import type { GpuProvider, GpuProviderOptions } from './gpu-provider.js';
import { personaNamed, withPersona } from './persona.js';
import type { TuningStore } from './tuning.js';

/**
 * Dawn's Node binding polls for completion through `globalThis.setImmediate`, and so keeps a whole core busy for as
 * long as a promise is pending; with a software driver that core is half of the device. The binding looks the function
 * up at the moment it schedules a poll, which is always synchronously inside a call we make or inside a poll we run.
 * So the global is replaced for the duration of such a call only, nothing else ever sees the replacement, and polls
 * are paced here instead: a few at once for short waits, then one a millisecond.
 */
const IMMEDIATE_POLLS = 20;
const POLL_INTERVAL_MS = 1;

/** The real one: while a call is routed, the global is the interceptor. */
const immediately = globalThis.setImmediate;

type Poll = () => void;

class PollScheduler {
  private polls: Poll[] = [];
  private scheduled = false;
  private streak = 0;

  /** Runs `call` with Dawn's polls routed to this scheduler. */
  route<T>(call: () => T): T {
    const original = globalThis.setImmediate;
    const intercept = (callback: (...args: unknown[]) => void, ...args: unknown[]) => {
      this.polls.push(() => callback(...args));
      this.schedule();
    };
    globalThis.setImmediate = intercept as unknown as typeof globalThis.setImmediate;
    try {
      return call();
    } finally {
      globalThis.setImmediate = original;
    }
  }

  /** A new wait begins: poll eagerly again. */
  restart(): void {
    this.streak = 0;
  }

  private schedule(): void {
    if (this.scheduled) return;
    this.scheduled = true;
    const run = () => {
      this.scheduled = false;
      this.streak += 1;
      const polls = this.polls;
      this.polls = [];
      this.route(() => {
        for (const poll of polls) poll();
      });
    };
    if (this.streak < IMMEDIATE_POLLS) immediately(run);
    else setTimeout(run, POLL_INTERVAL_MS);
  }
}

interface Instance {
  readonly gpu: GPU;
  users: number;
}

/** One Dawn instance per set of flags, dropped with its last device, since it keeps the process alive. */
const instances = new Map<string, Instance>();
const scheduler = new PollScheduler();

/** Devices that are open, those that were forgotten excepted. */
const devices = new Set<WeakRef<GPUDevice>>();
let endsWithProcess = false;

/**
 * A process that exits runs the destructors of its libraries, and crashes in them if a thread of Dawn or of the driver
 * still compiles a pipeline or executes a kernel: then its exit code says "segmentation fault" instead of what
 * happened. `destroy` waits for these threads.
 */
function endWithProcess(): void {
  if (endsWithProcess) return;
  endsWithProcess = true;
  process.on('exit', () => {
    for (const device of devices) device.deref()?.destroy();
  });
}

/** lavapipe complains on stderr without a runtime directory; any private one will do. */
function ensureRuntimeDirectory(): void {
  if (process.platform !== 'linux') return;
  const current = process.env.XDG_RUNTIME_DIR;
  if (current && existsSync(current)) return;
  const own = join(tmpdir(), `sonde-runtime-${process.getuid?.() ?? 0}`);
  mkdirSync(own, { recursive: true, mode: 0o700 });
  process.env.XDG_RUNTIME_DIR = own;
}

export function acquireGpu(options: GpuProviderOptions = {}): GpuProvider | undefined {
  ensureRuntimeDirectory();
  // For tests: the GPU whose adapter the machine's own plays.
  const { SONDE_PERSONA } = process.env;
  const persona = SONDE_PERSONA ? personaNamed(SONDE_PERSONA) : undefined;
  // Dawn rounds timestamps to 65.5 µs unless told otherwise, which would blur every kernel's time.
  const flags = ['disable-dawn-features=timestamp_quantization', ...(options.dawn ?? [])];
  if (options.experimental) flags.push('enable-dawn-features=allow_unsafe_apis,vulkan_enable_f16_on_nvidia');
  const key = flags.join(' ');
  let instance = instances.get(key);
  if (!instance) {
    instance = { gpu: create(flags), users: 0 };
    instances.set(key, instance);
  }
  const held = instance;
  held.users += 1;
  let released = false;
  let device: WeakRef<GPUDevice> | undefined;
  return {
    gpu: persona ? withPersona(held.gpu, persona) : held.gpu,
    wait: (begin) => {
      scheduler.restart();
      return scheduler.route(begin);
    },
    opened: (opened) => {
      device = new WeakRef(opened);
      devices.add(device);
      endWithProcess();
    },
    release: () => {
      if (released) return;
      released = true;
      if (device) devices.delete(device);
      held.users -= 1;
      if (held.users === 0) instances.delete(key);
    },
  };
}

/** Files in the user's cache folder. A folder that cannot be written costs a new measurement, never an error. */
export function defaultTuningStore(): TuningStore | undefined {
  const folder = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'sonde');
  return {
    load: (name) => readFile(join(folder, `${name}.json`), 'utf8').catch(() => undefined),
    save: async (name, text) => {
      const path = join(folder, `${name}.json`);
      const temporary = `${path}.${process.pid}`;
      try {
        await mkdir(folder, { recursive: true });
        await writeFile(temporary, text);
        await rename(temporary, path);
      } catch {
        await rm(temporary, { force: true });
      }
    },
  };
}

export const missingAdapterRemedy =
  'run ./setup.sh, which installs a software Vulkan driver where there is no GPU, or point VK_DRIVER_FILES at a ' +
  "Vulkan driver's JSON file; `npm run doctor` shows what was found";
