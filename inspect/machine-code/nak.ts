import { type Instruction, OTHER, type Space, type Work } from './instruction.js';

const ARITHMETIC = /^(ffma|fadd|fmul|fmnmx|fswzadd|hfma2|hadd2|hmul2|hmnmx2|dfma|dadd|dmul|mufu|rro|transcendental)\b/;

/**
 * Machine code of NVIDIA's GPUs as NAK writes it: blocks such as `block 3 L9 [2] -> {`, in which a line is
 * `[@predicate] [results =] operation operands // delay=2 wt=000001`, `wt` being the scoreboards that it waits for.
 */
export function parseNak(printed: string): Instruction[] {
  const instructions: Instruction[] = [];
  let label: string | undefined;
  for (const line of printed.split('\n')) {
    const block = line.match(/^block(?:\.u)? \d+ (L\d+) /);
    if (block) label = block[1];
    const [text, schedule = ''] = line.split('//').map((part) => part.trim());
    if (!schedule.startsWith('delay=')) continue;
    const operation = text.replace(/^@!?\w+\s+/, '').replace(/^[^=]*\s=\s+/, '');
    const [name] = operation.split(/\s/);
    const target = /^bra\b/.test(name) ? operation.match(/\bL\d+\b/)?.[0] : undefined;
    instructions.push({ text, work: workOf(name), repeats: 1, waits: /\bwt=\d*1/.test(schedule), label, target });
    label = undefined;
  }
  return instructions;
}

function workOf(name: string): Work {
  if (/^[hi]mma\b/.test(name)) return { kind: 'matrix' };
  if (ARITHMETIC.test(name)) return { kind: 'arithmetic' };
  if (/^bar\b/.test(name)) return { kind: 'barrier' };
  const memory = name.match(/^(ld|st|ldsm|ldc|uldc|ldg|lds|stg|sts|ldl|stl)\b/)?.[1];
  if (!memory) return OTHER;
  const space: Space = /ldc/.test(memory)
    ? 'constant'
    : /\.shared/.test(name) || /^(lds|sts)/.test(memory)
      ? 'workgroup'
      : /\.local/.test(name) || /^(ldl|stl)$/.test(memory)
        ? 'scratch'
        : 'global';
  return { kind: memory.startsWith('st') ? 'store' : 'load', space, bytes: bytesOf(name) };
}

function bytesOf(name: string): number {
  const bits = name.match(/\.[buisf](8|16|32|64|128)\b/)?.[1];
  // `ldsm` gives each invocation a word of each of its matrices.
  const matrices = name.match(/\.x(\d)\b/)?.[1];
  return bits ? Number(bits) / 8 : 4 * Number(matrices ?? 1);
}
