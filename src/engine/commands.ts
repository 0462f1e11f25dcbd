import type { Node } from './graph.js';
import type { Storage } from './memory-heap.js';
import type { Dispatch, Value } from './operation.js';

/** Storage buffers are bound at multiples of this; WebGPU guarantees it. */
export const ALIGNMENT = 256;

/**
 * A buffer as the planner sees it, before it has a place in a GPUBuffer: memory that one or more values share, and the
 * span of commands during which it is in use.
 */
export interface PlannedBuffer {
  readonly label: string;
  readonly bytes: number;
  /** Memory that exists outside the program, or undefined for memory that the planner places. */
  storage: Storage | undefined;
  /** Constant contents, uploaded when the program is built. */
  readonly constant: Uint32Array | Float32Array | undefined;
  /** This buffer's memory is a part of another one's, `shift` bytes from its start. */
  parent: { buffer: PlannedBuffer; shift: number } | undefined;
  /** Whether other buffers are parts of this one. */
  isArena: boolean;
  /** First and last command that touches it; -1 for arguments, which are filled before the first. */
  first: number;
  last: number;
}

export function newPlannedBuffer(label: string, bytes: number, constant?: Uint32Array | Float32Array): PlannedBuffer {
  return {
    label,
    bytes,
    storage: undefined,
    constant,
    parent: undefined,
    isArena: false,
    first: Number.POSITIVE_INFINITY,
    last: Number.NEGATIVE_INFINITY,
  };
}

/** A value and its place in a planned buffer. */
export interface PlannedValue extends Value {
  readonly buffer: PlannedBuffer;
  readonly offset: number;
}

export interface DispatchCommand {
  readonly kind: 'dispatch';
  readonly node: Node | undefined;
  readonly dispatch: Dispatch;
  readonly values: readonly PlannedValue[];
}

export interface CopyCommand {
  readonly kind: 'copy';
  readonly node: Node | undefined;
  readonly from: PlannedValue;
  readonly to: PlannedValue;
  readonly bytes: number;
}

export type Command = DispatchCommand | CopyCommand;

/** Follows parents: where a buffer's memory really is. */
export function locate(buffer: PlannedBuffer): { buffer: PlannedBuffer; shift: number } {
  let current = buffer;
  let shift = 0;
  while (current.parent) {
    shift += current.parent.shift;
    current = current.parent.buffer;
  }
  return { buffer: current, shift };
}

/** The values that a command touches, and which of them it writes. */
export function accesses(command: Command): { value: PlannedValue; writes: boolean }[] {
  if (command.kind === 'copy') {
    return [
      { value: command.from, writes: false },
      { value: command.to, writes: true },
    ];
  }
  return command.values.map((value, index) => ({ value, writes: command.dispatch.writes.includes(index) }));
}
