import type { Device } from './device.js';
import { TensorError } from './errors.js';
import type { Storage } from './memory-heap.js';
import { locate, Planner } from './plan.js';
import { Program } from './program.js';
import { sizeOf } from './shape.js';
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
  const plan = new Planner({ device, arguments: [], outputs, effects }).build();
  checkVersions(plan.nodes);

  // Results are computed right in the memory they will keep, unless two share a root or one is part of another.
  const storages = outputs.map((tensor) =>
    device.heap.allocateWhole(sizeOf(tensor.shape) * 4, tensor.label ?? 'result'),
  );
  const copied: [index: number, storage: Storage][] = [];
  for (const [index, value] of plan.outputs.entries()) {
    const { root, shift } = locate(value.root);
    const whole = shift === 0 && value.offset === 0 && root.bytes === storages[index].bytes;
    if (whole && !root.storage && !root.constant) root.storage = storages[index];
    else copied.push([index, storages[index]]);
  }
  const program = new Program(device, plan);
  program.build();
  const encoder = device.gpu.createCommandEncoder();
  program.encode(encoder);
  for (const [index, storage] of copied) program.encodeOutput(encoder, index, storage);
  device.submit(encoder);

  for (const [index, tensor] of outputs.entries()) {
    tensor.origin = { kind: 'stored', storage: storages[index] };
    device.watch(tensor, storages[index]);
  }
  for (const target of plan.changed) {
    if (target.origin.kind === 'stored') target.origin.storage.region.version += 1;
  }
  const status = program.statusStorage;
  if (!status) {
    program.dispose();
    return;
  }
  const reading = device.readBuffer(status.allocation.buffer, status.offset, 16);
  program.dispose();
  device.addReport(reading.then((words) => program.reportStatus(new Uint32Array(words), 1)));
}

/** A recorded operation means the values its inputs had when it was recorded. */
function checkVersions(nodes: ReturnType<Planner['build']>['nodes']): void {
  for (const node of nodes) {
    for (const [i, input] of node.inputs.entries()) {
      const then = node.versions[i];
      if (!then || input.origin.kind !== 'stored' || input.origin.storage.region !== then.region) continue;
      if (then.region.version !== then.version) {
        throw new TensorError(
          `${node.operation.name}: an input (${input}) was written after the operation was recorded and before it ran; ` +
            'read the result first, or record it again.',
        );
      }
    }
  }
}
