import type { Device } from './device.js';
import { TensorError } from './errors.js';
import { evaluate } from './evaluate.js';
import { type Trace, withTrace } from './graph.js';
import type { Storage } from './memory-heap.js';
import { Planner, reachableNodes } from './plan.js';
import { type Profile, Timestamps } from './profile.js';
import { Program, type ProgramMemory } from './program.js';
import { formatShape, type Shape, sizeOf } from './shape.js';
import { Tensor } from './tensor.js';

/** What a compiled function takes: a tensor, or a number that becomes a scalar tensor. */
export type Argument = Tensor | number;

/** What a compiled function's body sees for an argument. */
export type Traced<A> = { [K in keyof A]: Tensor };

export interface CompileOptions {
  /** Needed only where neither an argument nor the first recorded operation tells the device. */
  readonly device?: Device;
  /** Called as the program's pipelines are compiled, before its first execution. */
  readonly onCompile?: (done: number, total: number) => void;
}

/** What a program is made of, for reports and tests. */
export interface ProgramStatistics {
  readonly dispatches: number;
  readonly pipelines: number;
  readonly memory: ProgramMemory;
  /** Executions so far. */
  readonly calls: number;
}

/** A function whose operations run as one program. */
export interface Compiled<A extends readonly Argument[], R> {
  (...args: A): Promise<R>;
  /** Runs once with a timestamp around every dispatch. The effects of the function take place. */
  profile(...args: A): Promise<Profile>;
  /** One entry per program: there is one for each combination of argument shapes seen so far. */
  statistics(): ProgramStatistics[];
  /** Planned memory of the program for the most recent arguments. */
  memory(): ProgramMemory;
  /** Releases the programs' memory. The next call compiles anew. */
  dispose(): void;
}

interface Entry {
  readonly program: Program;
  readonly device: Device;
  readonly externals: ReadonlyMap<Tensor, Storage>;
  /** The shape of the result, with the positions of its tensors. */
  readonly rebuild: (tensors: readonly Tensor[]) => unknown;
  readonly specs: readonly { shape: Shape; dtype: Tensor['dtype'] }[];
  calls: number;
}

/**
 * Compiles a function of tensors. The first call for some argument shapes runs `body` once to record its operations
 * (forward, gradients, optimiser and all), plans memory and compiles pipelines; every later call replays the program
 * as one submit, creating no pipeline, bind group or buffer.
 *
 * What `body` reads besides its arguments is captured: tensors by reference (their current values are used at each
 * call), everything else (numbers, flags) as it was during the first call. `assign` inside takes effect at each call.
 *
 * @param body Records operations on its arguments and returns tensors, in arrays or records of any depth, or nothing.
 *   Must not be async.
 * @returns A function whose results are stored tensors that the caller disposes.
 * @throws TensorError from a call with a disposed tensor or one of another device.
 */
export function compile<A extends readonly Argument[], R>(
  body: (...args: Traced<A>) => R,
  options: CompileOptions = {},
): Compiled<A, R> {
  const entries = new Map<string, Entry>();
  const preparing = new Map<string, Promise<Entry>>();
  let latest: Entry | undefined;

  async function entryFor(args: A): Promise<Entry> {
    const device = deviceOf(args, options.device);
    for (const arg of args) checkArgument(arg);
    const key = args.map(signature).join(';');
    const known = entries.get(key);
    if (known && isCurrent(known)) return known;
    if (known) {
      // A captured tensor has moved or was disposed: plan again with what is there now.
      known.program.dispose();
      entries.delete(key);
    }
    let pending = preparing.get(key);
    if (!pending) {
      pending = prepare(body, args, device, options).finally(() => preparing.delete(key));
      preparing.set(key, pending);
    }
    const entry = await pending;
    entries.set(key, entry);
    return entry;
  }

  const call = async (...args: A): Promise<R> => {
    const entry = await entryFor(args);
    latest = entry;
    const { device } = entry;
    const encoder = device.gpu.createCommandEncoder();
    encodeArguments(entry, encoder, args);
    entry.program.encode(encoder);
    const results = encodeResults(entry, encoder);
    device.submit(encoder);
    finishCall(entry);
    if (device.checked) await checkStatus(entry);
    return entry.rebuild(results) as R;
  };

  const profile = async (...args: A): Promise<Profile> => {
    const entry = await entryFor(args);
    latest = entry;
    const { device, program } = entry;
    await device.finished();
    const begin = performance.now();
    const encoder = device.gpu.createCommandEncoder();
    encodeArguments(entry, encoder, args);
    if (!device.gpu.features.has('timestamp-query')) {
      program.encode(encoder);
      device.submit(encoder);
      finishCall(entry);
      await device.finished();
      return { wallMilliseconds: performance.now() - begin, dispatches: undefined };
    }
    const timestamps = new Timestamps(device);
    program.encode(encoder, timestamps);
    finishCall(entry);
    const dispatches = await timestamps.finish(encoder);
    return { wallMilliseconds: performance.now() - begin, dispatches };
  };

  return Object.assign(call, {
    profile,
    statistics: () =>
      [...entries.values()].map(({ program, calls }) => ({
        dispatches: program.dispatchCount,
        pipelines: program.pipelineCount,
        memory: program.memory(),
        calls,
      })),
    memory: () => {
      if (!latest) throw new TensorError('memory: the function has not been called yet; call it once to plan it.');
      return latest.program.memory();
    },
    dispose: () => {
      for (const { program } of entries.values()) program.dispose();
      entries.clear();
      latest = undefined;
    },
  });
}

async function prepare(
  body: (...args: never) => unknown,
  args: readonly Argument[],
  known: Device | undefined,
  options: CompileOptions,
): Promise<Entry> {
  const trace: Trace = { device: known, effects: new Map() };
  let device = known;
  if (!device) throw new TensorError('compile: no argument is a tensor; pass { device } to compile.');
  const owner = device;
  const placeholders = args.map((arg, index) => {
    const tensor = new Tensor(
      owner,
      typeof arg === 'number' ? [] : arg.shape,
      typeof arg === 'number' ? 'f32' : arg.dtype,
      { kind: 'argument', index },
      trace,
    );
    tensor.label = `argument ${index}`;
    return tensor;
  });
  const result = withTrace(trace, () => body(...(placeholders as never)));
  if (result instanceof Promise) {
    throw new TensorError('compile: the function returned a promise; it must record its operations without awaiting.');
  }
  const outputs: Tensor[] = [];
  const rebuild = flatten(result, outputs);
  const current = outputs.map((tensor) => trace.effects.get(tensor) ?? tensor);
  device = current[0]?.device ?? device;
  evaluateCaptured(device, [...current, ...trace.effects.values()], trace);
  const plan = new Planner({ device, arguments: placeholders, outputs: current, effects: trace.effects }).build();
  const program = new Program(device, plan);
  await program.prepare(options.onCompile);
  device.gpu.pushErrorScope('out-of-memory');
  program.build();
  const error = await device.wait(() => owner.gpu.popErrorScope());
  if (error) {
    program.dispose();
    throw new TensorError(
      `compile: the device has no room for the program's ${program.memory().planned} bytes (${error.message}); use a ` +
        'smaller batch or size.',
    );
  }
  const specs = current.map(({ shape, dtype }) => ({ shape, dtype }));
  return { program, device, externals: plan.externals, rebuild, specs, calls: 0 };
}

/** Runs what was recorded before the trace and is used in it, once, so that replays do not repeat it. */
function evaluateCaptured(device: Device, results: readonly Tensor[], trace: Trace): void {
  const used = reachableNodes(results).flatMap((node) => node.inputs);
  evaluate(
    device,
    [...used, ...results].filter((tensor) => tensor.trace !== trace),
  );
}

function deviceOf(args: readonly Argument[], fallback: Device | undefined): Device | undefined {
  for (const arg of args) if (arg instanceof Tensor) return arg.device;
  return fallback;
}

function checkArgument(arg: Argument): void {
  if (typeof arg === 'number') return;
  if (!(arg instanceof Tensor)) {
    throw new TensorError('compile: arguments are tensors or numbers; capture anything else, or make it a tensor.');
  }
  if (arg.disposed)
    throw new TensorError(`compile: an argument (${arg}) has been disposed; dispose it after the call.`);
  arg.device.checkUsable();
  evaluate(arg.device, [arg]);
}

function signature(arg: Argument): string {
  return typeof arg === 'number' ? 'number' : `${formatShape(arg.shape)} ${arg.dtype}`;
}

/** Whether everything the program captured is still where it was. */
function isCurrent(entry: Entry): boolean {
  for (const [tensor, storage] of entry.externals) {
    if (tensor.origin.kind !== 'stored' || tensor.origin.storage !== storage) return false;
  }
  return true;
}

function encodeArguments(entry: Entry, encoder: GPUCommandEncoder, args: readonly Argument[]): void {
  for (const [index, arg] of args.entries()) {
    if (!entry.program.usesArgument(index)) continue;
    if (typeof arg === 'number') entry.program.writeArgument(index, arg);
    else if (arg.device !== entry.device) {
      throw new TensorError(
        'compile: arguments live on two devices; move one with device.tensor(await x.data(), x.shape).',
      );
    } else if (arg.origin.kind === 'stored') entry.program.encodeArgument(encoder, index, arg.origin.storage);
  }
}

function encodeResults(entry: Entry, encoder: GPUCommandEncoder): Tensor[] {
  return entry.specs.map(({ shape, dtype }, index) => {
    const storage = entry.device.heap.allocate(sizeOf(shape) * 4, 'result');
    entry.program.encodeOutput(encoder, index, storage);
    return new Tensor(entry.device, shape, dtype, { kind: 'stored', storage });
  });
}

/** The effects have changed memory: recorded operations that meant the old values must not run any more. */
function finishCall(entry: Entry): void {
  entry.calls += 1;
  for (const target of entry.program.plan.changed) {
    if (target.origin.kind === 'stored') target.origin.storage.region.version += 1;
  }
}

async function checkStatus({ device, program, calls }: Entry): Promise<void> {
  const status = program.statusStorage;
  if (!status) return;
  const words = await device.readBuffer(status.allocation.buffer, status.offset, 16);
  program.reportStatus(new Uint32Array(words), calls);
}

/** Collects the tensors of a result into `tensors` and returns how to rebuild the same structure from others. */
function flatten(result: unknown, tensors: Tensor[]): (tensors: readonly Tensor[]) => unknown {
  if (result === undefined) return () => undefined;
  if (result instanceof Tensor) {
    const index = tensors.push(result) - 1;
    return (values) => values[index];
  }
  if (Array.isArray(result)) {
    const parts = result.map((part) => flatten(part, tensors));
    return (values) => parts.map((part) => part(values));
  }
  if (typeof result === 'object' && result !== null) {
    const parts = Object.entries(result).map(([name, part]) => [name, flatten(part, tensors)] as const);
    return (values) => Object.fromEntries(parts.map(([name, part]) => [name, part(values)]));
  }
  throw new TensorError(
    `compile: the function returned a ${typeof result}; return tensors, or arrays and records of them.`,
  );
}
