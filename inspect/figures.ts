import type { Executable } from './kernel.js';
import { type Compiler, hottestLoop, type Instruction, parseMachineCode, type Space } from './machine-code/index.js';
import { type KernelWork, kernelWork } from './work.js';

/** What a kernel became on a GPU. */
export interface Figures {
  /** Of one invocation, in the unit of the compiler: see {@link REGISTER_UNITS}. */
  readonly registers: number;
  /** Instructions that store registers to memory or fetch them back. */
  readonly spills: number;
  /** Subgroups (on Apple's GPUs invocations) that a core can hold at a time. */
  readonly occupancy: number;
  /** Bytes. */
  readonly workgroupMemory: number;
  readonly subgroupSize: number;
  readonly instructions: number;
  /** The hottest loop, without loops in it; the whole kernel where it has none. */
  readonly loop: LoopFigures;
  /** What the model of time goes by. */
  readonly work: KernelWork;
}

export interface LoopFigures {
  readonly whole: boolean;
  readonly instructions: number;
  /** Floating point; of these on matrix units. */
  readonly arithmetic: number;
  readonly matrix: number;
  /** How many there are of each width in bytes, as in `{ workgroup: { 16: 4 } }`. */
  readonly loads: Loads;
  readonly stores: Loads;
  readonly barriers: number;
  readonly waits: number;
  /** As the driver prints it. */
  readonly code: readonly string[];
}

export type Loads = Readonly<Partial<Record<Space, Readonly<Record<number, number>>>>>;

export const REGISTER_UNITS: Readonly<Record<Compiler, string>> = {
  NAK: '32-bit registers',
  ACO: '32-bit registers',
  AGX: '16-bit registers',
  ir3: 'registers of 4 × 32 bits',
};

/** Where each compiler's driver says what. The first name that there is counts; spills are added up. */
const STATISTICS: Readonly<
  Record<Compiler, Readonly<Record<'registers' | 'spills' | 'occupancy', readonly string[]>>>
> = {
  NAK: {
    registers: ['Number of GPRs'],
    spills: ['Spills to memory', 'Fills from memory'],
    occupancy: ['Max warps/SM'],
  },
  ACO: { registers: ['VGPRs'], spills: ['Spilled VGPRs'], occupancy: ['Subgroups per SIMD'] },
  AGX: { registers: ['GPRs'], spills: ['Spills', 'Fills'], occupancy: ['Threads'] },
  ir3: { registers: ['Registers used'], spills: ['STP Count', 'LDP Count'], occupancy: ['Max Waves Per Core'] },
};

/** @param printed What the driver printed while it compiled the kernel. */
export function figuresOf(compiler: Compiler, executable: Executable, printed: string): Figures {
  const { statistics, subgroupSize } = executable;
  const names = STATISTICS[compiler];
  const values = (wanted: readonly string[]) => wanted.map((name) => figureOf(statistics, name));
  const program = parseMachineCode(compiler, Object.values(executable.code)[0] ?? printed);
  const shared = [...printed.matchAll(/shared_size: (\d+)/g)].at(-1)?.[1];
  return {
    registers: values(names.registers)[0],
    spills: values(names.spills).reduce((sum, count) => sum + count, 0),
    occupancy: values(names.occupancy)[0],
    workgroupMemory: statistics['LDS size'] ?? executable.workgroupMemory ?? Number(shared ?? 0),
    subgroupSize,
    instructions: figureOf(statistics, 'Instruction Count', 'Instruction count', 'Instructions'),
    loop: loopFigures(program),
    work: kernelWork(program),
  };
}

/** @throws Error where the driver has no such figure any more: then it has to be looked for. */
function figureOf(statistics: Executable['statistics'], ...names: readonly string[]): number {
  const name = names.find((one) => one in statistics);
  if (name === undefined) {
    throw new Error(`the driver reports no "${names.join('" or "')}", but ${Object.keys(statistics).join(', ')}`);
  }
  return statistics[name];
}

function loopFigures(program: readonly Instruction[]): LoopFigures {
  if (program.length === 0) throw new Error('the driver printed no machine code that could be read');
  const hottest = hottestLoop(program);
  const own = hottest?.own ?? program;
  const times = (wanted: (instruction: Instruction) => boolean) =>
    own.reduce((sum, instruction) => sum + (wanted(instruction) ? instruction.repeats : 0), 0);
  const matrix = times(({ work }) => work.kind === 'matrix');
  return {
    whole: hottest === undefined,
    instructions: times(() => true),
    arithmetic: matrix + times(({ work }) => work.kind === 'arithmetic'),
    matrix,
    loads: accesses(own, 'load'),
    stores: accesses(own, 'store'),
    barriers: times(({ work }) => work.kind === 'barrier'),
    waits: times(({ waits }) => waits),
    code: own.flatMap(({ text, label }) => [...(label ? [`${label}:`] : []), ...(text ? [`  ${text}`] : [])]),
  };
}

function accesses(program: readonly Instruction[], kind: 'load' | 'store'): Loads {
  const found: Partial<Record<Space, Record<number, number>>> = {};
  for (const { work, repeats } of program) {
    if (work.kind !== kind) continue;
    found[work.space] ??= {};
    const widths = found[work.space] ?? {};
    widths[work.bytes] = (widths[work.bytes] ?? 0) + repeats;
  }
  return found;
}

/** Share of a loop's instructions that are arithmetic, 0 to 1. */
export function arithmeticShare({ arithmetic, instructions }: LoopFigures): number {
  return instructions === 0 ? 0 : arithmetic / instructions;
}

/** Loads of a loop but of constants: what the budget watches. */
export function loadCount({ loads }: LoopFigures): number {
  return Object.entries(loads)
    .filter(([space]) => space !== 'constant')
    .flatMap(([, widths]) => Object.values(widths))
    .reduce((sum, count) => sum + count, 0);
}
