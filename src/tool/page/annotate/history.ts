/** A value with its undo and redo stacks. */
export interface History<T> {
  readonly past: readonly T[];
  readonly present: T;
  readonly future: readonly T[];
}

export function begin<T>(present: T): History<T> {
  return { past: [], present, future: [] };
}

/** Changes the value, as a new undo step. */
export function change<T>({ past, present }: History<T>, value: T): History<T> {
  return { past: [...past, present], present: value, future: [] };
}

/** Changes the value within the current undo step: a drag is one step, however often the pointer moves. */
export function amend<T>(history: History<T>, value: T): History<T> {
  return { ...history, present: value };
}

export function undo<T>({ past, present, future }: History<T>): History<T> {
  if (past.length === 0) return { past, present, future };
  return { past: past.slice(0, -1), present: past[past.length - 1], future: [present, ...future] };
}

export function redo<T>({ past, present, future }: History<T>): History<T> {
  if (future.length === 0) return { past, present, future };
  return { past: [...past, present], present: future[0], future: future.slice(1) };
}
