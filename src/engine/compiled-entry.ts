import type { Device } from './device.js';
import { currentValue, newTrace } from './effects.js';
import { DeviceError, TensorError } from './errors.js';
import { evaluate } from './evaluate.js';
import { checkUsable, type Trace, withTrace } from './graph.js';
import type { Storage } from './memory-heap.js';
import { formatMatrixShape, type MatrixUnit } from './operation.js';
import { Planner, reachableNodes } from './plan.js';
import { Program } from './program.js';
import type { Shape } from './shape.js';
import { Tensor } from './tensor.js';

export interface CompileOptions {
  /** Needed only where no argument is a tensor. */
  readonly device?: Device;
  /**
   * Matrix units that products and convolutions of f16 may run on: the `units` that `findMatrixUnits` found on the
   * device. Default: none; everything runs on vectors.
   */
  readonly matrixUnits?: MatrixUnit | undefined;
  /** Called as the program's pipelines are compiled, before its first execution. */
  readonly onCompile?: (done: number, total: number) => void;
}

/** A compiled function's program for arguments of some shapes. */
export interface Entry {
  readonly program: Program;
  readonly device: Device;
  /** The memory of captured tensors when the program was made. */
  readonly externals: ReadonlyMap<Tensor, Storage>;
  /** The shape of the result, with the positions of its tensors. */
  readonly rebuild: (tensors: readonly Tensor[]) => unknown;
  readonly specs: readonly { shape: Shape; dtype: Tensor['dtype'] }[];
  /** Pending until the program can run; rejected if it never will. */
  pending: Promise<void> | undefined;
  calls: number;
}

/**
 * Records, plans and takes memory before it returns, so that everything is as it was at the call. Only pipelines, and
 * whether the device had room, are a matter of waiting.
 */
export function prepareEntry(
  body: (...args: never) => unknown,
  args: readonly (Tensor | number)[],
  device: Device,
  { matrixUnits, onCompile }: Pick<CompileOptions, 'matrixUnits' | 'onCompile'> = {},
): Entry {
  if (matrixUnits) checkMatrixUnits(matrixUnits, device);
  const trace = newTrace(device);
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
    matrixUnits,
    fuse: !device.checked,
  }).build();
  const program = new Program(device, plan);
  const specs = outputs.map(({ shape, dtype }) => ({ shape, dtype }));
  const externals = new Map([...plan.externals, ...trace.members]);
  const entry: Entry = { program, device, externals, rebuild, specs, pending: undefined, calls: 0 };
  entry.pending = makeReady(entry, onCompile);
  return entry;
}

function checkMatrixUnits(units: MatrixUnit, { info }: Device): void {
  const known = info.matrixShapes.map(formatMatrixShape);
  const wanted = formatMatrixShape(units);
  if (known.includes(wanted)) return;
  throw new TensorError(
    `compile: matrixUnits is ${wanted}, and this device has ${known.join(', ') || 'none'}; pass the units that findMatrixUnits found on it.`,
  );
}

async function makeReady(entry: Entry, onCompile?: (done: number, total: number) => void): Promise<void> {
  const { device, program } = entry;
  const compiled = program.prepare(onCompile);
  const built = buildWithin(device, program);
  // Both verdicts first: memory that the device turns out not to have must not be given to others.
  await Promise.allSettled([compiled, built]);
  try {
    await compiled;
    await built;
    program.link();
  } catch (failure) {
    program.dispose();
    // What a device says when it is closed meanwhile is not the kernel's fault.
    device.checkUsable();
    throw failure;
  }
  entry.pending = undefined;
}

/** Builds a program, or gives everything back and says what it would have needed. */
async function buildWithin(device: Device, program: Program): Promise<void> {
  const { error } = await device.withinMemory(() => program.build());
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

/** Whether everything the program captured is still where it was. */
export function isCurrent(entry: Entry): boolean {
  for (const [tensor, storage] of entry.externals) {
    if (tensor.origin.kind !== 'stored' || tensor.origin.storage !== storage) return false;
  }
  return true;
}

/** Gives a program's memory back, once it is there and the calls that were made have run. */
export function retireEntry(entry: Entry): void {
  const disposed = entry.device.order.turn(
    () => entry.program.dispose(),
    () => entry.pending,
  );
  // One that never became ready has been disposed already, and said why.
  disposed.catch(() => {});
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
