import type { Lowering } from '../../engine/index.js';

/** Enough invocations to fill a large GPU, or to keep the few wide cores of a software driver busy. */
const INVOCATIONS = { gpu: 65536, software: 512 };
/** Fewer rows than this in a part do not pay for a further partial sum. */
const ROWS_PER_PART = 8;

/** Into how many parts the rows are split, so that parts × groups invocations fill the device. */
export function partCount({ adapter }: Lowering, rows: number, groups: number): number {
  const invocations = adapter.software ? INVOCATIONS.software : INVOCATIONS.gpu;
  return Math.max(1, Math.min(Math.ceil(rows / ROWS_PER_PART), Math.floor(invocations / groups)));
}

/**
 * Lanes that share the partial results of one channel group. On a software driver lanes save nothing, and a kernel with
 * them takes seconds to compile.
 */
export function combineLanes({ adapter }: Lowering, parts: number): number {
  if (adapter.software || parts < 64) return 1;
  // There are as many workgroups as channel groups, too few to hide a long walk.
  return parts < 2048 ? 64 : 256;
}
