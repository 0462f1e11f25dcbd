/** Where a load reads from, or a store writes to. Scratch is where registers are spilled. */
export type Space = 'workgroup' | 'global' | 'constant' | 'scratch';

/** What an instruction does, as far as it matters for speed. */
export type Work =
  /** Floating point, on numbers or on matrices. Index arithmetic is none. */
  | { readonly kind: 'arithmetic' | 'matrix' }
  /** Bytes that one invocation loads or stores. */
  | { readonly kind: 'load' | 'store'; readonly space: Space; readonly bytes: number }
  | { readonly kind: 'barrier' }
  | { readonly kind: 'other' };

export interface Instruction {
  readonly text: string;
  readonly work: Work;
  /** Times it is issued where it stands: more than one for instructions that repeat themselves. */
  readonly repeats: number;
  /** Whether it waits for earlier loads or stores. */
  readonly waits: boolean;
  /** Label that stands in front of it. */
  readonly label?: string;
  /** Label that it may jump to. */
  readonly target?: string;
}

export const OTHER: Work = { kind: 'other' };
