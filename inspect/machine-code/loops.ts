import type { Instruction, Work } from './instruction.js';

/** Instructions of a program from `first` to `last`, both within. */
export interface Loop {
  readonly first: number;
  readonly last: number;
  /** Loops around it. */
  readonly depth: number;
}

/** The loops of a program, from jumps backwards. Several jumps to one place are one loop. */
export function findLoops(program: readonly Instruction[]): Loop[] {
  const places = new Map<string, number>();
  for (const [i, { label }] of program.entries()) if (label) places.set(label, i);
  const ends = new Map<number, number>();
  for (const [i, { target }] of program.entries()) {
    const first = target === undefined ? undefined : places.get(target);
    if (first !== undefined && first <= i) ends.set(first, Math.max(i, ends.get(first) ?? 0));
  }
  const ranges = [...ends].map(([first, last]) => ({ first, last }));
  return ranges.map((range) => ({ ...range, depth: ranges.filter((other) => encloses(other, range)).length }));
}

type Range = Pick<Loop, 'first' | 'last'>;

function encloses(outer: Range, inner: Range): boolean {
  const larger = outer.last - outer.first > inner.last - inner.first;
  return larger && outer.first <= inner.first && inner.last <= outer.last;
}

/** How often a loop is taken to run, since the code does not tell. */
const TIMES = 8;

/** Instructions of a loop that belong to no loop within. */
export function ownInstructions(program: readonly Instruction[], loop: Range, loops: readonly Loop[]): Instruction[] {
  const inner = loops.filter((other) => encloses(loop, other));
  return program
    .slice(loop.first, loop.last + 1)
    .filter((_, i) => !inner.some(({ first, last }) => first <= loop.first + i && loop.first + i <= last));
}

/** A product of matrices stands for so many multiply-adds of one invocation. */
const MATRIX_WEIGHT = 32;

/**
 * The loop that would do the most arithmetic if every loop ran equally often, since that is what kernels are for; where
 * no loop does any, the one that would issue the most instructions. Undefined where there is no loop.
 */
export function hottestLoop(program: readonly Instruction[]): { loop: Loop; own: readonly Instruction[] } | undefined {
  const loops = findLoops(program);
  const weighed = loops.map((loop) => {
    const own = ownInstructions(program, loop, loops);
    const times = TIMES ** loop.depth;
    const arithmetic = own.reduce((sum, { work, repeats }) => sum + repeats * (WEIGHTS[work.kind] ?? 0), 0);
    return { loop, own, arithmetic: arithmetic * times, issued: own.length * times };
  });
  return weighed.sort((a, b) => b.arithmetic - a.arithmetic || b.issued - a.issued)[0];
}

const WEIGHTS: Readonly<Partial<Record<Work['kind'], number>>> = { arithmetic: 1, matrix: MATRIX_WEIGHT };
