/** A value with what it was before and what was undone. */
export interface History<T> {
  readonly past: readonly T[];
  readonly present: T;
  readonly future: readonly T[];
}

export function begin<T>(present: T): History<T> {
  return { past: [], present, future: [] };
}

/** Changes the value in a step of its own. */
export function change<T>({ past, present }: History<T>, value: T): History<T> {
  return { past: [...past, present], present: value, future: [] };
}

/** Changes the value within the step that was begun last: a drag is one step, however often the pointer moved. */
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
