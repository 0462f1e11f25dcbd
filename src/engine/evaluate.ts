import { locate } from './commands.js';
import type { Device } from './device.js';
import { TensorError } from './errors.js';
import { type Node, tick } from './graph.js';
import type { Storage } from './memory-heap.js';
import { type Plan, Planner, reachableNodes } from './plan.js';
import { Program } from './program.js';
import { bytesOf } from './shape.js';
import type { Tensor } from './tensor.js';

/**
 * Runs what `tensors` depend on, once, and keeps their values: afterwards they are stored. Submits and returns without
 * waiting; the queue keeps the order. What checked mode finds is thrown by the device's next read.
 */
export function evaluate(
  device: Device,
  tensors: readonly Tensor[],
  effects: ReadonlyMap<Tensor, Tensor> = new Map(),
): void {
  const outputs = [...new Set(tensors)].filter((tensor) => tensor.origin.kind === 'recorded');
  if (outputs.length === 0 && effects.size === 0) return;
  const plan = new Planner({ device, arguments: [], outputs, effects, fuse: false }).build();
  checkAges(plan.nodes);
  const storages = run(device, plan);
  for (const [index, tensor] of outputs.entries()) {
    tensor.computedFrom = leavesOf(tensor);
    tensor.origin = { kind: 'stored', storage: storages[index] };
    device.watch(tensor, storages[index]);
  }
  stampChanges(plan);
}

/** Marks what a program has changed: operations recorded before on the old contents must not run any more. */
export function stampChanges(plan: Plan): void {
  for (const { origin } of plan.changed) if (origin.kind === 'stored') origin.storage.region.writtenAt = tick();
}

/** Submits one execution of a plan and returns the memory of its outputs. */
function run(device: Device, plan: Plan): Storage[] {
  const storages: Storage[] = [];
  let program: Program | undefined;
  try {
    // Results are computed right in the memory they will keep, unless two share a buffer or one is part of another.
    const copied: number[] = [];
    for (const [index, value] of plan.outputs.entries()) {
      const storage = device.heap.allocateWhole(bytesOf(value), 'result');
      storages.push(storage);
      const { buffer, shift } = locate(value.buffer);
      const whole = shift === 0 && value.offset === 0 && buffer.bytes === storage.bytes;
      if (whole && !buffer.storage && !buffer.constant) buffer.storage = storage;
      else copied.push(index);
    }
    program = new Program(device, plan);
    program.build();
    program.link();
    const encoder = device.gpu.createCommandEncoder();
    program.encode(encoder);
    for (const index of copied) program.encodeOutput(encoder, index, storages[index]);
    device.submit(encoder);
    if (device.checked) {
      const execution = program;
      device.addReport(program.readStatus().then((words) => execution.reportStatus(words, 1)));
    }
    return storages;
  } catch (error) {
    for (const storage of storages) device.heap.release(storage);
    throw error;
  } finally {
    program?.dispose();
  }
}

/** The stored tensors on which a recorded one depends, through those that have been read on the way as well. */
function leavesOf(tensor: Tensor): WeakRef<Tensor>[] | undefined {
  const leaves = new Set<Tensor>();
  for (const node of reachableNodes([tensor])) {
    for (const input of node.inputs) {
      if (input.origin.kind !== 'stored') continue;
      leaves.add(input);
      for (const reference of input.computedFrom ?? []) {
        const leaf = reference.deref();
        if (leaf) leaves.add(leaf);
      }
    }
  }
  return leaves.size > 0 ? [...leaves].map((leaf) => new WeakRef(leaf)) : undefined;
}

/** A recorded operation means the values its inputs had when it was recorded. */
function checkAges(nodes: readonly Node[]): void {
  for (const node of nodes) {
    for (const input of node.inputs) {
      if (input.origin.kind !== 'stored' || input.origin.storage.region.writtenAt <= node.sequence) continue;
      throw new TensorError(
        `${node.operation.name}: an input (${input}) was written after the operation was recorded and before it ran; ` +
          'read the result first, or record it again.',
      );
    }
  }
}
