import type { Device } from './device.js';
import { currentValue } from './effects.js';
import { DeviceError, TensorError } from './errors.js';
import { evaluate, stampChanges } from './evaluate.js';
import { activeTrace, checkUsable, type Node, type Trace, withTrace } from './graph.js';
import type { Storage } from './memory-heap.js';
import { Planner, reachableNodes } from './plan.js';
import { type Profile, Timestamps } from './profile.js';
import { Program, type ProgramMemory } from './program.js';
import { bytesOf, formatShape, type Shape } from './shape.js';
import { Tensor } from './tensor.js';

/** What a compiled function takes: a tensor, or a number that becomes a scalar tensor. */
export type Argument = Tensor | number;

/** What a compiled function's body sees for an argument. */
export type Traced<A> = { [K in keyof A]: Tensor };

export interface CompileOptions {
  /** Needed only where no argument is a tensor. */
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
  /** Records the operations for these arguments without running them, for tools that look at a program. */
  trace(...args: A): Promise<{ device: Device; nodes: readonly Node[] }>;
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
  const preparing = new Map<string, Promise<void>>();
  let latest: Entry | undefined;

  /** The program for these arguments, if there is one and what it captured is still where it was. */
  function current(key: string): Entry | undefined {
    const known = entries.get(key);
    if (!known || isCurrent(known)) return known;
    known.program.dispose();
    entries.delete(key);
    return undefined;
  }

  /**
   * Calls `use` with the program for these arguments. With a known program this happens before the call returns, so
   * that calls keep their order and the caller may dispose arguments at once.
   */
  async function withEntry<T>(args: A, use: (entry: Entry) => T): Promise<Awaited<T>> {
    if (activeTrace()) {
      throw new TensorError(
        'compile: a compiled function was called while another one is being compiled; call the plain function there.',
      );
    }
    const device = deviceOf(args, options.device);
    const key = [device.id, ...args.map((arg) => checkArgument(arg, device))].join(';');
    for (;;) {
      const entry = current(key);
      if (entry) {
        latest = entry;
        return await use(entry);
      }
      let pending = preparing.get(key);
      if (!pending) {
        pending = prepare(body, args, device, options)
          .then((made) => void entries.set(key, made))
          .finally(() => preparing.delete(key));
        preparing.set(key, pending);
      }
      // Meanwhile a captured tensor may move, as when another function's optimiser packs it: hence the loop.
      await pending;
    }
  }

  const call = (...args: A): Promise<R> =>
    withEntry(args, (entry) => {
      const { device, program } = entry;
      device.checkUsable();
      const encoder = device.gpu.createCommandEncoder();
      encodeArguments(entry, encoder, args);
      program.encode(encoder);
      const results = encodeResults(entry, encoder);
      device.submit(encoder);
      finishCall(entry);
      return device.checked ? checkedResult(entry, results) : entry.rebuild(results);
    }) as Promise<R>;

  const profile = async (...args: A): Promise<Profile> => {
    await deviceOf(args, options.device).finished();
    return withEntry(args, async (entry) => {
      const { device, program } = entry;
      const timed = device.gpu.features.has('timestamp-query') ? new Timestamps(device) : undefined;
      const begin = performance.now();
      const encoder = device.gpu.createCommandEncoder();
      encodeArguments(entry, encoder, args);
      program.encode(encoder, timed);
      finishCall(entry);
      if (!timed) device.submit(encoder);
      const dispatches = await timed?.finish(encoder);
      await device.finished();
      return { wallMilliseconds: performance.now() - begin, dispatches };
    });
  };

  const trace = (...args: A) => withEntry(args, ({ device, program }) => ({ device, nodes: program.plan.recorded }));

  const compiled: Compiled<A, R> = Object.assign(call, {
    profile,
    trace,
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
      disposePrograms(entries);
      latest = undefined;
    },
  });
  forgotten.register(compiled, entries);
  return compiled;
}

function disposePrograms(entries: Map<string, Entry>): void {
  for (const { program } of entries.values()) program.dispose();
  entries.clear();
}

/** Returns the memory of functions that were dropped without `dispose`. A safety net: nothing relies on it. */
const forgotten = new FinalizationRegistry<Map<string, Entry>>(disposePrograms);

async function prepare(
  body: (...args: never) => unknown,
  args: readonly Argument[],
  device: Device,
  options: CompileOptions,
): Promise<Entry> {
  const trace: Trace = { device, effects: new Map(), parts: new Map() };
  const placeholders = args.map((arg, index) => {
    const [shape, dtype] = typeof arg === 'number' ? ([[], 'f32'] as const) : [arg.shape, arg.dtype];
    const tensor = new Tensor(device, shape, dtype, { kind: 'argument', index }, trace);
    tensor.label = `argument ${index}`;
    return tensor;
  });
  const { outputs, rebuild } = withTrace(trace, () => {
    const returned: Tensor[] = [];
    const restore = flatten(body(...(placeholders as never)), returned);
    for (const tensor of returned) checkUsable('compile', tensor, device);
    return { outputs: returned.map(currentValue), rebuild: restore };
  });
  evaluateCaptured(device, [...outputs, ...trace.effects.values()], trace);
  const plan = new Planner({
    device,
    arguments: placeholders,
    outputs,
    effects: trace.effects,
    fuse: !device.checked,
  }).build();
  const program = new Program(device, plan);
  await program.prepare(options.onCompile);
  await buildWithin(device, program);
  const specs = outputs.map(({ shape, dtype }) => ({ shape, dtype }));
  return { program, device, externals: plan.externals, rebuild, specs, calls: 0 };
}

/** Builds a program, or gives everything back and says what it would have needed. */
async function buildWithin(device: Device, program: Program): Promise<void> {
  let error: GPUError | null;
  try {
    ({ error } = await device.withinMemory(() => program.build()));
  } catch (failure) {
    program.dispose();
    throw failure;
  }
  if (!error) return;
  const { planned } = program.memory();
  program.dispose();
  device.heap.trim();
  throw new DeviceError(
    `compile: the device has no room for the program's ${planned} bytes (${error.message}); use a smaller batch or size.`,
  );
}

/** Runs what was recorded before the trace and is used in it, once, so that replays do not repeat it. */
function evaluateCaptured(device: Device, results: readonly Tensor[], trace: Trace): void {
  const traced = reachableNodes(results).filter((node) => node.outputs.some((output) => output.trace === trace));
  const used = [...results, ...traced.flatMap((node) => node.inputs)];
  evaluate(
    device,
    used.filter((tensor) => tensor.trace !== trace),
  );
}

function deviceOf(args: readonly Argument[], fallback: Device | undefined): Device {
  const device = args.find((arg) => arg instanceof Tensor)?.device ?? fallback;
  if (!device) throw new TensorError('compile: no argument is a tensor; pass { device } to compile.');
  device.checkUsable();
  return device;
}

/** What programs are told apart by. Runs a recorded argument, so that it has memory to be copied from. */
function checkArgument(arg: Argument, device: Device): string {
  if (typeof arg === 'number') return 'number';
  if (!(arg instanceof Tensor)) {
    throw new TensorError('compile: arguments are tensors or numbers; capture anything else, or make it a tensor.');
  }
  checkUsable('compile', arg, device);
  evaluate(device, [arg]);
  return `${formatShape(arg.shape)} ${arg.dtype}`;
}

/** Whether everything the program captured is still where it was. */
function isCurrent(entry: Entry): boolean {
  for (const [tensor, storage] of entry.externals) {
    if (tensor.origin.kind !== 'stored' || tensor.origin.storage !== storage) return false;
  }
  return true;
}

function encodeArguments({ program }: Entry, encoder: GPUCommandEncoder, args: readonly Argument[]): void {
  for (const [index, arg] of args.entries()) {
    if (typeof arg === 'number') {
      if (program.usesArgument(index)) program.writeArgument(index, arg);
    } else if (arg.origin.kind !== 'stored') {
      throw new TensorError(
        `compile: an argument (${arg}) was disposed before the function was ready; dispose it after the call.`,
      );
    } else if (program.usesArgument(index)) {
      program.encodeArgument(encoder, index, arg.origin.storage);
    }
  }
}

function encodeResults(entry: Entry, encoder: GPUCommandEncoder): Tensor[] {
  return entry.specs.map(({ shape, dtype }, index) => {
    const storage = entry.device.heap.allocate(bytesOf({ shape, dtype }), 'result');
    entry.program.encodeOutput(encoder, index, storage);
    return new Tensor(entry.device, shape, dtype, { kind: 'stored', storage });
  });
}

function finishCall(entry: Entry): void {
  entry.calls += 1;
  stampChanges(entry.program.plan);
}

/** Checked mode: the result, once the device has found nothing wrong with the execution just submitted. */
async function checkedResult({ program, calls, rebuild }: Entry, results: readonly Tensor[]): Promise<unknown> {
  try {
    program.reportStatus(await program.readStatus(), calls);
  } catch (error) {
    for (const tensor of results) tensor.dispose();
    throw error;
  }
  return rebuild(results);
}

/** Collects the tensors of a result into `tensors` and returns how to rebuild the same structure from others. */
function flatten(result: unknown, tensors: Tensor[]): (tensors: readonly Tensor[]) => unknown {
  if (result === undefined) return () => undefined;
  if (result instanceof Promise) {
    // What follows its first await cannot be part of the trace, and fails by itself.
    result.catch(() => {});
    throw new TensorError('compile: the function returned a promise; it must record its operations without awaiting.');
  }
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
