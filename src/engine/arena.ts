import { packOperation, view, viewOperation } from './basic-operations.js';
import { ALIGNMENT } from './commands.js';
import type { Device } from './device.js';
import { TensorError } from './errors.js';
import { evaluate } from './evaluate.js';
import { activeTrace, checkUsable, record } from './graph.js';
import { sizeOf } from './shape.js';
import type { Tensor } from './tensor.js';

/** The offsets of an arena's members, in elements. */
export interface ArenaLayout {
  /** Positions of the members in the list that was laid out. */
  readonly members: readonly number[];
  readonly offsets: readonly number[];
  readonly length: number;
}

/**
 * Lays tensors out side by side in as few flat arenas as the adapter's largest binding allows, so that one dispatch
 * can treat them all (a shader binds few buffers). Offsets are aligned for binding each member by itself.
 */
export function layoutArenas(sizes: readonly number[], maxBytes: number): ArenaLayout[] {
  const step = ALIGNMENT / 4;
  const limit = Math.floor(maxBytes / 4 / step) * step;
  const arenas: { members: number[]; offsets: number[]; length: number }[] = [];
  for (const [index, size] of sizes.entries()) {
    const padded = Math.ceil(size / step) * step;
    let arena = arenas.at(-1);
    if (!arena || arena.length + padded > limit) {
      arena = { members: [], offsets: [], length: 0 };
      arenas.push(arena);
    }
    arena.members.push(index);
    arena.offsets.push(arena.length);
    arena.length += padded;
  }
  return arenas;
}

/**
 * Moves stored tensors into arenas: afterwards each lives in a stretch of a flat tensor that can be read and assigned
 * as a whole. Values are kept; gaps are zero. Programs that captured the tensors are planned again at their next call.
 *
 * @returns The arenas with their layouts.
 */
export function packStored(device: Device, tensors: readonly Tensor[]): { layout: ArenaLayout; flat: Tensor }[] {
  if (new Set(tensors).size !== tensors.length) {
    throw new TensorError('an arena takes each tensor once, and one is given twice; leave it out the second time.');
  }
  for (const tensor of tensors) {
    checkUsable('arena', tensor, device);
    if (tensor.trace || tensor.origin.kind === 'argument') {
      throw new TensorError(
        `an arena takes stored tensors, and one (${tensor}) is ${tensor.trace ? 'part of a trace' : tensor.origin.kind}; ` +
          'give tensors made by the device.',
      );
    }
    if (activeTrace()?.members.has(tensor)) {
      throw new TensorError(
        `a tensor (${tensor}) would be in two arenas in one compiled function; let one optimizer update it, or compile ` +
          'a function for each.',
      );
    }
  }
  evaluate(device, tensors);
  const layouts = layoutArenas(
    tensors.map((tensor) => tensor.size),
    device.limits.maxStorageBufferBindingSize,
  );
  return layouts.map((layout) => {
    const flat = device.zeros([layout.length]);
    flat.label = 'arena';
    if (flat.origin.kind !== 'stored') throw new TensorError('an arena has no memory.');
    const whole = flat.origin.storage;
    const encoder = device.gpu.createCommandEncoder();
    const moves = layout.members.map((index, i) => {
      const tensor = tensors[index];
      if (tensor.origin.kind !== 'stored') throw new TensorError(`${tensor.label ?? 'a tensor'} has no memory.`);
      const from = tensor.origin.storage;
      const to = device.heap.share(whole, layout.offsets[i] * 4, from.bytes);
      encoder.copyBufferToBuffer(from.allocation.buffer, from.offset, to.allocation.buffer, to.offset, tensor.size * 4);
      return { tensor, to };
    });
    device.submit(encoder);
    for (const { tensor, to } of moves) device.relocate(tensor, to);
    return { layout, flat };
  });
}

/** Whether `tensors` still lie where {@link packStored} put them: another arena may have taken them since. */
export function isPackedIn(flat: Tensor, layout: ArenaLayout, tensors: readonly Tensor[]): boolean {
  return layout.members.every((index, i) => {
    const { origin } = tensors[index];
    if (origin.kind !== 'stored' || flat.origin.kind !== 'stored') return false;
    const { allocation, offset } = flat.origin.storage;
    return origin.storage.allocation === allocation && origin.storage.offset === offset + layout.offsets[i] * 4;
  });
}

/**
 * Tells a function being compiled, which records operations on the arenas alone, to be compiled anew if a member moves.
 */
export function relyOnPlaces(members: readonly Tensor[]): void {
  const trace = activeTrace();
  if (!trace) return;
  for (const tensor of members) {
    if (tensor.origin.kind === 'stored') trace.members.set(tensor, tensor.origin.storage);
  }
}

/** Recorded tensors side by side, in the given layout. Free where their producers can write there. */
export function packRecorded(tensors: readonly Tensor[], layout: ArenaLayout): Tensor {
  const members = layout.members.map((index) => tensors[index]);
  const whole = commonArena(members, layout);
  if (whole) return whole;
  return record(packOperation, members, { offsets: layout.offsets, length: layout.length })[0];
}

/** The arena of which `members` are the views, in order, if they are. */
function commonArena(members: readonly Tensor[], layout: ArenaLayout): Tensor | undefined {
  let arena: Tensor | undefined;
  for (const [i, member] of members.entries()) {
    if (member.origin.kind !== 'recorded' || member.origin.node.operation !== viewOperation) return undefined;
    const { inputs, attributes } = member.origin.node;
    const { offset } = attributes as { offset: number };
    arena ??= inputs[0];
    if (inputs[0] !== arena || offset !== layout.offsets[i]) return undefined;
  }
  return arena && sizeOf(arena.shape) === layout.length ? arena : undefined;
}

/** The members of a flat tensor again, in the order of the list that was laid out. */
export function unpack(flat: Tensor, layout: ArenaLayout, shapes: readonly (readonly number[])[]): Map<number, Tensor> {
  return new Map(layout.members.map((index, i) => [index, view(flat, layout.offsets[i], shapes[index])]));
}
