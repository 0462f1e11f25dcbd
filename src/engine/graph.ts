import type { Device } from './device.js';
import { TensorError } from './errors.js';
import * as kinds from './kinds.js';
import type { Storage } from './memory-heap.js';
import { checkOperands } from './operands.js';
import type { Operation } from './operation.js';
import type { TensorSpec } from './shape.js';
import { signature } from './signature.js';
import { Tensor } from './tensor.js';

/** A recorded operation. */
export interface Node {
  /** Time of recording. The order of recording is a valid order of execution. */
  readonly sequence: number;
  readonly operation: Operation;
  readonly attributes: unknown;
  readonly inputs: readonly Tensor[];
  readonly outputs: Tensor[];
  readonly specs: readonly TensorSpec[];
  /** Path of the enclosing `scope` calls, as in `enc1.conv1`. */
  readonly scope: string;
  /** The enclosing `checkpoint` call: the backward pass computes the node again instead of keeping its outputs. */
  readonly segment: symbol | undefined;
}

/** The state of a function that is being compiled. */
export interface Trace {
  readonly device: Device;
  /** Stored tensors and the values they will take, in the order of assignment. */
  readonly effects: Map<Tensor, Tensor>;
  /** The views of assigned values that stand for parts of assigned arenas. */
  readonly parts: Map<Tensor, { readonly whole: Tensor; readonly part: Tensor }>;
  /** Members of arenas that are read or assigned as a whole: what is recorded is right as long as they lie there. */
  readonly members: Map<Tensor, Storage>;
  /** The value that a tensor has at this point: see `currentValue` in effects.ts, which this module must not import. */
  readonly currentValue: (tensor: Tensor) => Tensor;
}

let clock = 0;
let currentTrace: Trace | undefined;
let scopes: string[] = [];
let currentSegment: symbol | undefined;

/** @internal Counts recordings and writes, so that each is known to come before or after the other. */
export function tick(): number {
  clock += 1;
  return clock;
}

const scopeTakes = signature('scope', { name: kinds.text, body: kinds.callable });

/** Runs `body` with the names of recorded operations prefixed by `name`, for errors and profiles. */
export function scope<T>(name: string, body: () => T): T {
  scopeTakes(arguments);
  scopes.push(name);
  try {
    return body();
  } finally {
    scopes.pop();
  }
}

const checkpointTakes = signature('checkpoint', { body: kinds.callable });

/**
 * Trades time for memory: what `body` records is computed again when its gradients are, so that its intermediates need
 * not be kept from the forward to the backward pass. Values and gradients are the same bits. Counterpart:
 * `torch.utils.checkpoint`. Effects (`assign`) within take place once.
 */
export function checkpoint<T>(body: () => T): T {
  checkpointTakes(arguments);
  const outer = currentSegment;
  currentSegment ??= Symbol('checkpoint');
  try {
    return body();
  } finally {
    currentSegment = outer;
  }
}

/** @internal Runs `body` as the trace of a compiled function. */
export function withTrace<T>(trace: Trace | undefined, body: () => T): T {
  const outerTrace = currentTrace;
  const outerScopes = scopes;
  const outerSegment = currentSegment;
  currentTrace = trace;
  scopes = [];
  currentSegment = undefined;
  try {
    return body();
  } finally {
    currentTrace = outerTrace;
    scopes = outerScopes;
    currentSegment = outerSegment;
  }
}

/** @internal */
export function activeTrace(): Trace | undefined {
  return currentTrace;
}

function where(operation: string): string {
  return scopes.length > 0 ? `${operation} (in ${scopes.join('.')})` : operation;
}

/** @internal Throws unless `tensor` may be used by `operation` here and now. */
export function checkUsable(operation: string, tensor: Tensor, device: Device): void {
  if (tensor.disposed) {
    throw new TensorError(
      `${where(operation)}: an input (${tensor}) has been disposed; dispose a tensor after its last use.`,
    );
  }
  const expected = currentTrace?.device ?? device;
  if (tensor.device !== expected) {
    throw new TensorError(
      `${where(operation)}: inputs live on two devices (${expected.info.description} and ${tensor.device.info.description}); ` +
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

const recordTakes = signature('record', {
  operation: kinds.object('an operation, with name, shape and lower', 'name', 'shape', 'lower'),
  inputs: kinds.list('tensors', kinds.anything),
  attributes: kinds.anything,
  device: kinds.optional(kinds.device),
});

/**
 * Records an operation and returns its outputs. Nothing runs yet.
 * @throws ShapeError for an input of a type that the operation does not take, and from its shape rule; TensorError for
 * unusable inputs.
 */
export function record<Attributes>(
  operation: Operation<Attributes>,
  inputs: readonly Tensor[],
  attributes: Attributes,
  device: Device | undefined = inputs[0]?.device,
): Tensor[] {
  recordTakes(arguments);
  checkOperands(operation as Operation, inputs, where);
  if (!device) throw new TensorError(`${where(operation.name)}: needs an input or a device.`);
  device.checkUsable();
  for (const input of inputs) checkUsable(operation.name, input, device);
  // A tensor assigned earlier in this trace is seen with its new value.
  const current = currentTrace ? inputs.map(currentTrace.currentValue) : inputs;
  const specs = operation.shape(current, attributes);
  return append(device, {
    operation: operation as Operation,
    attributes,
    inputs: current,
    specs,
    scope: scopes.join('.'),
    segment: currentSegment,
  });
}

/** @internal Records a node again, on other inputs, outside of any `checkpoint`. */
export function recordAgain(node: Node, inputs: readonly Tensor[]): Tensor[] {
  return append(node.outputs[0].device, { ...node, inputs, segment: undefined });
}

function append(device: Device, recorded: Omit<Node, 'sequence' | 'outputs'>): Tensor[] {
  const node: Node = { ...recorded, sequence: tick(), outputs: [] };
  for (const [output, spec] of node.specs.entries()) {
    node.outputs.push(new Tensor(device, spec.shape, spec.dtype, { kind: 'recorded', node, output }, currentTrace));
  }
  return node.outputs;
}
