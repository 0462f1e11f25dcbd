import type { Device } from './device.js';
import { TensorError } from './errors.js';
import type { Region } from './memory-heap.js';
import type { Operation } from './operation.js';
import { formatShape, sameShape, type TensorSpec } from './shape.js';
import { Tensor } from './tensor.js';

/** A recorded operation. */
export interface Node {
  /** Recording order, which is a valid execution order. */
  readonly sequence: number;
  readonly operation: Operation;
  readonly attributes: unknown;
  readonly inputs: readonly Tensor[];
  /** Age of the inputs' memory when recorded; undefined for inputs that were not stored. */
  readonly versions: readonly ({ region: Region; version: number } | undefined)[];
  readonly outputs: Tensor[];
  readonly specs: readonly TensorSpec[];
  /** Path of the enclosing `scope` calls, as in `enc1.conv1`. */
  readonly scope: string;
}

/** What is going on while a function is being compiled. */
export interface Trace {
  readonly device: Device | undefined;
  /** Stored tensors and the values they will take. */
  readonly effects: Map<Tensor, Tensor>;
}

let sequence = 0;
let currentTrace: Trace | undefined;
let scopes: string[] = [];

/** Runs `body` with the names of recorded operations prefixed by `name`, for errors and profiles. */
export function scope<T>(name: string, body: () => T): T {
  scopes.push(name);
  try {
    return body();
  } finally {
    scopes.pop();
  }
}

/** @internal Runs `body` as the trace of a compiled function. */
export function withTrace<T>(trace: Trace | undefined, body: () => T): T {
  const outerTrace = currentTrace;
  const outerScopes = scopes;
  currentTrace = trace;
  scopes = [];
  try {
    return body();
  } finally {
    currentTrace = outerTrace;
    scopes = outerScopes;
  }
}

/** @internal */
export function activeTrace(): Trace | undefined {
  return currentTrace;
}

function where(operation: string): string {
  return scopes.length > 0 ? `${operation} (in ${scopes.join('.')})` : operation;
}

/** Throws unless `tensor` may be used by `operation` here and now. */
function checkUsable(operation: string, tensor: Tensor, device: Device): void {
  if (tensor.disposed) {
    throw new TensorError(
      `${where(operation)}: an input (${tensor}) has been disposed; dispose a tensor after its last use.`,
    );
  }
  if (tensor.device !== device) {
    throw new TensorError(
      `${where(operation)}: inputs live on two devices (${device.info.description} and ${tensor.device.info.description}); ` +
        'move one with device.tensor(await tensor.data(), tensor.shape).',
    );
  }
  if (tensor.trace !== undefined && tensor.trace !== currentTrace) {
    throw new TensorError(
      `${where(operation)}: an input (${tensor}) belongs to a compiled function that is not being traced now; ` +
        'return it from that function and use the result.',
    );
  }
}

/**
 * Records an operation and returns its outputs. Nothing runs yet.
 * @throws ShapeError from the operation's shape rule; TensorError for unusable inputs.
 */
export function record<Attributes>(
  operation: Operation<Attributes>,
  inputs: readonly Tensor[],
  attributes: Attributes,
  device: Device | undefined = inputs[0]?.device,
): Tensor[] {
  if (!device) throw new TensorError(`${where(operation.name)}: needs an input or a device.`);
  device.checkUsable();
  for (const input of inputs) checkUsable(operation.name, input, device);
  // A tensor assigned earlier in this trace is seen with its new value.
  const current = inputs.map((input) => currentTrace?.effects.get(input) ?? input);
  const specs = operation.shape(current, attributes);
  const node: Node = {
    sequence: sequence++,
    operation: operation as Operation,
    attributes,
    inputs: current,
    versions: current.map((input) => {
      if (input.origin.kind !== 'stored') return undefined;
      const { region } = input.origin.storage;
      return { region, version: region.version };
    }),
    outputs: [],
    specs,
    scope: scopes.join('.'),
  };
  for (const [output, spec] of specs.entries()) {
    node.outputs.push(new Tensor(device, spec.shape, spec.dtype, { kind: 'recorded', node, output }, currentTrace));
  }
  return node.outputs;
}

/**
 * Gives a stored tensor a new value. Within a compiled function this is an effect of the program: later operations of
 * the trace see the new value, and the memory changes when the program runs. Elsewhere it happens at once.
 * @param target A stored tensor, such as a parameter or a running statistic.
 * @param value A tensor of the same shape and dtype.
 */
export function assign(target: Tensor, value: Tensor): void {
  checkUsable('assign', target, value.device);
  checkUsable('assign', value, target.device);
  if (!sameShape(target.shape, value.shape) || target.dtype !== value.dtype) {
    throw new TensorError(
      `assign: the target is ${formatShape(target.shape)} ${target.dtype}, the value ${formatShape(value.shape)} ` +
        `${value.dtype}; they must be the same.`,
    );
  }
  if (target.origin.kind !== 'stored') {
    throw new TensorError(
      `assign: the target (${target}) is not stored memory but ${target.origin.kind}; assign to a tensor made by the ` +
        'device, such as a parameter.',
    );
  }
  if (currentTrace) currentTrace.effects.set(target, currentTrace.effects.get(value) ?? value);
  else target.device.assignNow(target, value);
}
