import { checkArity } from './arity.js';
import { type CompileOptions, type Entry, isCurrent, prepareEntry, retireEntry } from './compiled-entry.js';
import type { Device } from './device.js';
import { TensorError } from './errors.js';
import { evaluate, stampChanges } from './evaluate.js';
import { activeTrace, checkUsable, type Node } from './graph.js';
import * as kinds from './kinds.js';
import type { Storage } from './memory-heap.js';
import type { AdapterTraits } from './operation.js';
import { type Profile, Timestamps } from './profile.js';
import type { ProgramMemory } from './program.js';
import { bytesOf, formatShape } from './shape.js';
import { signature } from './signature.js';
import { Tensor } from './tensor.js';

/** An argument of a compiled function: a tensor, or a number that becomes a scalar tensor. */
export type Argument = Tensor | number;

/** The arguments of a compiled function whose body takes the tensors `P`. */
export type ArgumentsFor<P extends readonly Tensor[]> = { [K in keyof P]: P[K] | number };

/** The parts of a program in numbers, for reports and tests. */
export interface ProgramStatistics {
  readonly dispatches: number;
  readonly pipelines: number;
  readonly memory: ProgramMemory;
  /** Executions so far. */
  readonly calls: number;
}

/** The operations that a compiled function recorded, and the traits by which its kernels are chosen. */
export interface ProgramTrace {
  readonly device: Device;
  readonly adapter: AdapterTraits;
  readonly nodes: readonly Node[];
}

/** A function whose operations run as one program. */
export interface Compiled<A extends readonly Argument[], R> {
  (...args: A): Promise<R>;
  /** Runs once with a timestamp around every dispatch. The effects of the function take place. */
  profile(...args: A): Promise<Profile>;
  /** Records the operations for these arguments without running them, for tools that look at a program. */
  trace(...args: A): Promise<ProgramTrace>;
  /** The kernels of the program for these arguments, as the driver gets them: see `npm run kernels`. Runs nothing. */
  kernels(...args: A): Promise<{ label: string; source: string }[]>;
  /** One entry per program: there is one for each combination of argument shapes seen so far. */
  statistics(): ProgramStatistics[];
  /** Planned memory of the program for the most recent arguments. */
  memory(): ProgramMemory;
  /** Releases the programs' memory. The next call compiles anew. */
  dispose(): void;
}

/** An argument as a call takes it: a number, or the memory of a tensor. */
type Taken = number | Storage;

const compileTakes = signature<CompileOptions>(
  'compile',
  { body: kinds.callable },
  {
    device: kinds.optional(kinds.device),
    matrixUnits: kinds.optional(
      kinds.object('the units that findMatrixUnits found', 'm', 'n', 'k', 'subgroupSize', 'sizeVaries'),
    ),
    onCompile: kinds.optional(kinds.callable),
  },
);

/**
 * Compiles a function of tensors. The first call for some argument shapes runs `body` once to record its operations
 * (forward, gradients, optimizer and all), plans memory and compiles pipelines; every later call replays the program
 * as one submit, creating no pipeline, bind group or buffer.
 *
 * A call means what it meant when it was made: arguments and captured tensors have the values of that moment, even if
 * the program has to be compiled first, and may be written or disposed as soon as the call has returned its promise.
 * Commands that are issued later see the effects of the call. So calls that are not awaited give what awaiting
 * each would.
 *
 * What `body` reads besides its arguments is captured: tensors by reference (their current values are used at each
 * call), everything else (numbers, flags) as it was when the body ran. A branch on a tensor (`if (x)`) is decided then
 * as well, and always taken, since a tensor is an object; multiply by a mask instead.
 * `assign` inside takes effect at each call.
 *
 * @param body Records operations on its arguments and returns tensors, in arrays or records of any depth, or nothing.
 *   Must not be async. A parameter that calls may leave out needs a default (`mask = undefined`).
 * @returns A function whose results are stored tensors that the caller disposes.
 * @throws TensorError from a call with a disposed tensor or one of another device, with too few or too many arguments,
 *   or with matrix units that the device does not have.
 */
export function compile<P extends readonly Tensor[], R>(
  body: (...args: P) => R,
  options: CompileOptions = {},
): Compiled<ArgumentsFor<P>, R> {
  compileTakes(arguments);
  type A = ArgumentsFor<P>;
  const entries = new Map<string, Entry>();
  let latest: Entry | undefined;

  /** The program for these arguments: one whose captured tensors are still where they were, or a new one. */
  function entryFor(args: A): Entry {
    checkArity(body, args.length);
    const device = deviceOf(args, options.device);
    const key = [device.id, ...args.map((arg) => checkArgument(arg, device))].join(';');
    let entry = entries.get(key);
    if (!entry || !isCurrent(entry)) {
      if (entry) retireEntry(entry);
      entries.delete(key);
      const made = prepareEntry(body, args, device, options);
      made.pending?.catch(() => {
        if (entries.get(key) === made) entries.delete(key);
        if (latest === made) latest = undefined;
      });
      entries.set(key, made);
      entry = made;
    }
    latest = entry;
    return entry;
  }

  async function call(...args: A): Promise<R> {
    const entry = entryFor(args);
    const { device, program } = entry;
    const taken = takeArguments(args);
    const results = makeResults(entry);
    const executed = device.order.turn(
      () => {
        const encoder = beginExecution(entry, taken);
        program.encode(encoder);
        for (const [index, { storage }] of results.entries()) program.encodeOutput(encoder, index, storage);
        device.submit(encoder);
      },
      () => entry.pending,
    );
    const step = countCall(entry);
    try {
      // Its turn comes right behind the execution.
      const status = device.checked ? program.readStatus() : undefined;
      const [, found] = await Promise.all([executed, status]);
      if (found) program.reportStatus(found, step);
    } catch (error) {
      for (const { tensor } of results) tensor.dispose();
      throw error;
    }
    return entry.rebuild(results.map(({ tensor }) => tensor)) as R;
  }

  async function profile(...args: A): Promise<Profile> {
    const entry = entryFor(args);
    const { device, program } = entry;
    const taken = takeArguments(args);
    const timed = device.gpu.features.has('timestamp-query') ? new Timestamps(device) : undefined;
    const executed = device.order.turn(
      async () => {
        const begin = performance.now();
        const encoder = beginExecution(entry, taken);
        program.encode(encoder, timed);
        timed?.encode(encoder);
        device.submit(encoder);
        await device.idle();
        return performance.now() - begin;
      },
      async () => {
        await entry.pending;
        await device.idle();
      },
    );
    countCall(entry);
    const wallMilliseconds = await executed;
    const dispatches = await timed?.read();
    await device.finished();
    return { wallMilliseconds, dispatches };
  }

  async function trace(...args: A): Promise<ProgramTrace> {
    const { device, program, pending } = entryFor(args);
    await pending;
    const { recorded: nodes, adapter } = program.plan;
    return { device, nodes, adapter };
  }

  async function kernels(...args: A): Promise<{ label: string; source: string }[]> {
    const { program, pending } = entryFor(args);
    await pending;
    return program.kernels();
  }

  const compiled: Compiled<A, R> = Object.assign(outsideTraces(call), {
    profile: outsideTraces(profile),
    trace: outsideTraces(trace),
    kernels: outsideTraces(kernels),
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
      retireAll(entries);
      latest = undefined;
    },
  });
  forgotten.register(compiled, entries);
  return compiled;
}

/** Refuses calls while a function is being compiled, at once: a promise of what cannot be is easily dropped. */
function outsideTraces<A extends readonly unknown[], R>(use: (...args: A) => R): (...args: A) => R {
  return (...args) => {
    if (activeTrace()) {
      throw new TensorError(
        'compile: a compiled function was called while another one is being compiled; call the plain function there.',
      );
    }
    return use(...args);
  };
}

function retireAll(entries: Map<string, Entry>): void {
  for (const entry of entries.values()) retireEntry(entry);
  entries.clear();
}

/** Returns the memory of functions that were dropped without `dispose`. A safety net: nothing relies on it. */
const forgotten = new FinalizationRegistry<Map<string, Entry>>(retireAll);

function deviceOf(args: readonly Argument[], fallback: Device | undefined): Device {
  const device = args.find((arg) => arg instanceof Tensor)?.device ?? fallback;
  if (!device) throw new TensorError('compile: no argument is a tensor; pass { device } to compile.');
  device.checkUsable();
  return device;
}

/**
 * The part of a program's key that comes from an argument. Runs a recorded argument, so that it has memory to be copied
 * from.
 */
function checkArgument(arg: Argument, device: Device): string {
  if (typeof arg === 'number') return 'number';
  if (!(arg instanceof Tensor)) {
    throw new TensorError('compile: arguments are tensors or numbers; capture anything else, or make it a tensor.');
  }
  checkUsable('compile', arg, device);
  evaluate(device, [arg]);
  return `${formatShape(arg.shape)} ${arg.dtype}`;
}

/** The arguments of a call as they are now: afterwards tensors may be disposed, written and moved. */
function takeArguments(args: readonly Argument[]): Taken[] {
  return args.map((arg) => {
    if (typeof arg === 'number') return arg;
    if (arg.origin.kind === 'stored') return arg.origin.storage;
    throw new TensorError(
      `compile: an argument (${arg}) was disposed by the function itself; dispose it after the call.`,
    );
  });
}

/** Commands that begin with the arguments. Whoever goes on from here submits them in the same turn. */
function beginExecution({ device, program }: Entry, taken: readonly Taken[]): GPUCommandEncoder {
  device.checkUsable();
  const encoder = device.gpu.createCommandEncoder();
  for (const [index, argument] of taken.entries()) {
    if (!program.usesArgument(index)) continue;
    if (typeof argument === 'number') program.writeArgument(index, argument);
    else program.encodeArgument(encoder, index, argument);
  }
  return encoder;
}

function makeResults({ device, specs }: Entry): { tensor: Tensor; storage: Storage }[] {
  return specs.map(({ shape, dtype }) => {
    const storage = device.heap.allocate(bytesOf({ shape, dtype }), 'result');
    return { tensor: new Tensor(device, shape, dtype, { kind: 'stored', storage }), storage };
  });
}

/** @returns Which execution of its program it is, from 1. */
function countCall(entry: Entry): number {
  entry.calls += 1;
  stampChanges(entry.program.plan);
  return entry.calls;
}
