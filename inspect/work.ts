import { findLoops, hottestLoop, type Instruction, type Loop, ownInstructions } from './machine-code/index.js';

/** What instructions do, each taken to be issued once. */
export interface Work {
  /** Instructions that take the lanes' time. */
  readonly issued: number;
  /** Floating-point instructions among them, without those on matrix units. */
  readonly arithmetic: number;
  /** Operations on matrix units of a whole subgroup, 2 per multiply-add. */
  readonly matrixFlops: number;
  /** Bytes that one invocation loads and stores. */
  readonly workgroupBytes: number;
  readonly globalBytes: number;
}

/** The work of a kernel, by how often it is done. */
export interface KernelWork {
  /** Outside of all loops. */
  readonly once: Work;
  /** In the hottest loop, without loops in it. */
  readonly hot?: Work;
  /** In each of the loops around it, from the inside out. */
  readonly around: readonly Work[];
  /** In all other loops. */
  readonly elsewhere: Work;
}

/** What branches skip counts half. */
export function kernelWork(program: readonly Instruction[]): KernelWork {
  const loops = findLoops(program);
  const hottest = hottestLoop(program);
  const chances = chancesOf(program, loops);
  const among = (loop: Loop) => workOf(ownInstructions(program, loop, loops), chances);
  const encloses = (loop: Loop) =>
    hottest !== undefined && loop.first <= hottest.loop.first && hottest.loop.last <= loop.last;
  const isHottest = ({ first, last }: Loop) => first === hottest?.loop.first && last === hottest.loop.last;
  const outside = program.filter((_, i) => !loops.some(({ first, last }) => first <= i && i <= last));
  const around = loops.filter((loop) => encloses(loop) && !isHottest(loop)).sort((a, b) => b.depth - a.depth);
  return {
    once: workOf(outside, chances),
    hot: hottest && workOf(hottest.own, chances),
    around: around.map(among),
    elsewhere: sumWork(loops.filter((loop) => !encloses(loop)).map((loop) => [1, among(loop)])),
  };
}

type Chances = ReadonlyMap<Instruction, number>;

/**
 * How likely each instruction is to be executed, once its loop is: half as likely for each jump forward that skips it.
 * Jumps out of a loop or out of the kernel, and those that skip a loop or most of the arithmetic around them, are taken
 * to be exceptions.
 */
function chancesOf(program: readonly Instruction[], loops: readonly Loop[]): Chances {
  const places = new Map([...program.entries()].flatMap(([i, { label }]) => (label ? [[label, i] as const] : [])));
  const chances = new Map(program.map((instruction) => [instruction, 1]));
  const work = (from: number, to: number) =>
    program.slice(from, to).filter(({ work: { kind } }) => kind === 'arithmetic' || kind === 'matrix').length;
  for (const [i, { target }] of program.entries()) {
    const end = target === undefined ? undefined : places.get(target);
    if (end === undefined || end <= i) continue;
    const own = loops.filter(({ first, last }) => first <= i && i <= last).sort((a, b) => b.depth - a.depth)[0];
    const [first, last] = own ? [own.first, own.last] : [0, program.length - 2];
    const skipsLoop = loops.some((loop) => i < loop.first && loop.last < end);
    if (end > last || skipsLoop || 2 * work(i, end) > work(first, last + 1)) continue;
    for (const skipped of program.slice(i + 1, end)) chances.set(skipped, (chances.get(skipped) ?? 1) / 2);
  }
  return chances;
}

const NONE: Work = { issued: 0, arithmetic: 0, matrixFlops: 0, workgroupBytes: 0, globalBytes: 0 };

/** The sum of works, each done so many times. */
export function sumWork(parts: readonly (readonly [times: number, work: Work])[]): Work {
  const total = { ...NONE };
  for (const [times, work] of parts)
    for (const key of Object.keys(NONE) as (keyof Work)[]) total[key] += times * work[key];
  return total;
}

function workOf(program: readonly Instruction[], chances: Chances): Work {
  const total = { ...NONE };
  for (const instruction of program) {
    const { text, work, repeats } = instruction;
    const times = repeats * (chances.get(instruction) ?? 1);
    // AMD's scalar instructions have a unit of their own, and the second half of a dual issue costs nothing.
    if (text !== '' && !text.startsWith('s_') && work.kind !== 'matrix') total.issued += times;
    if (work.kind === 'arithmetic') total.arithmetic += times;
    if (work.kind === 'matrix') total.matrixFlops += times * matrixFlops(text);
    if (work.kind !== 'load' && work.kind !== 'store') continue;
    if (work.space === 'workgroup') total.workgroupBytes += times * work.bytes;
    if (work.space === 'global') total.globalBytes += times * work.bytes;
  }
  return total;
}

/** From names such as `hmma.m16n8k16.f32` and `v_wmma_f32_16x16x16_f16`. */
function matrixFlops(text: string): number {
  const [, m, n, k] = text.match(/m(\d+)n(\d+)k(\d+)/) ?? text.match(/_(\d+)x(\d+)x(\d+)/) ?? [];
  if (k === undefined) throw new Error(`the size of a product is not known: ${text}`);
  return 2 * Number(m) * Number(n) * Number(k);
}
