import { view } from './basic-operations.js';
import type { Device } from './device.js';
import { TensorError } from './errors.js';
import { activeTrace, checkUsable, type Trace } from './graph.js';
import * as kinds from './kinds.js';
import type { Storage } from './memory-heap.js';
import { formatShape, sameShape } from './shape.js';
import { signature } from './signature.js';
import type { Tensor } from './tensor.js';

const assignTakes = signature('assign', { target: kinds.tensor, value: kinds.tensor });

/**
 * Gives a stored tensor a new value. Within a compiled function this is an effect of the program: later operations of
 * the trace see the new value, and the memory changes when the program runs. Elsewhere it happens at once.
 * @param target A stored tensor, such as a parameter or a running statistic.
 * @param value A tensor of the same shape and dtype.
 */
export function assign(target: Tensor, value: Tensor): void {
  assignTakes(arguments);
  assignAll([[target, value]]);
}

/**
 * @internal Several assignments: outside a trace they run as one program, so that all values come from the old state.
 */
export function assignAll(assignments: readonly (readonly [target: Tensor, value: Tensor])[]): void {
  for (const [target, value] of assignments) checkAssignment(target, value);
  const trace = activeTrace();
  if (!trace) {
    if (assignments.length > 0) assignments[0][0].device.assignNow(new Map(assignments));
    return;
  }
  const { effects } = trace;
  for (const [target, value] of assignments) {
    const current = currentValue(value);
    // Order matters where targets overlap: the latest assignment is the one that stays.
    for (const earlier of [...effects.keys()]) {
      if (earlier === target || contains(storageOf(target), storageOf(earlier))) effects.delete(earlier);
    }
    effects.set(target, current);
  }
}

/** @internal The trace of a function that is about to be compiled. */
export function newTrace(device: Device): Trace {
  return { device, effects: new Map(), parts: new Map(), members: new Map(), currentValue };
}

/**
 * @internal What a tensor means at this point of the trace: the value assigned to it, or to the arena that it is a part
 *   of.
 * @throws TensorError for an arena of which a part has been assigned.
 */
export function currentValue(tensor: Tensor): Tensor {
  const trace = activeTrace();
  if (!trace || trace.effects.size === 0 || tensor.origin.kind !== 'stored') return tensor;
  const own = tensor.origin.storage;
  let current = tensor;
  for (const [target, value] of trace.effects) {
    const assigned = storageOf(target);
    if (target === tensor) {
      current = value;
    } else if (contains(assigned, own)) {
      const known = trace.parts.get(tensor);
      const part = known?.whole === value ? known.part : view(value, (own.offset - assigned.offset) / 4, tensor.shape);
      trace.parts.set(tensor, { whole: value, part });
      current = part;
    } else if (contains(own, assigned)) {
      throw new TensorError(
        `a part (${target}) of a tensor (${tensor}) was assigned earlier in this function; assign it after the last use ` +
          'of the whole, such as after the update of an optimizer.',
      );
    }
  }
  return current;
}

function checkAssignment(target: Tensor, value: Tensor): void {
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
}

function storageOf(target: Tensor): Storage {
  if (target.origin.kind === 'stored') return target.origin.storage;
  throw new TensorError(`assign: a target (${target}) was disposed in the same function; dispose it after the call.`);
}

function contains(whole: Storage, part: Storage): boolean {
  return (
    whole.allocation === part.allocation &&
    whole.offset <= part.offset &&
    part.offset + part.bytes <= whole.offset + whole.bytes
  );
}
