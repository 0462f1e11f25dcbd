import type { Instruction } from './instruction.js';

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

/** The loop that would issue the most instructions if every loop ran equally often; undefined where there is no loop. */
export function hottestLoop(program: readonly Instruction[]): { loop: Loop; own: readonly Instruction[] } | undefined {
  const loops = findLoops(program);
  const weighed = loops.map((loop) => {
    const own = ownInstructions(program, loop, loops);
    return { loop, own, weight: own.length * TIMES ** (loop.depth + 1) };
  });
  return weighed.sort((a, b) => b.weight - a.weight)[0];
}
