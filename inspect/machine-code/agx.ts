import { type Instruction, OTHER, type Space, type Work } from './instruction.js';

const ARITHMETIC =
  /^(fma|ffma|fadd|fmul|hfma|hadd|hmul|rcp|rsqrt|srsqrt|sqrt|log2|exp2|sin|cos|floor|ceil|trunc|rint)(16|32)?\b/;
const LINE = /^\s*([0-9a-f]+): ([0-9a-f]{4,})\s+(\S.*)$/;

/**
 * Machine code of Apple's GPUs as Mesa disassembles it: `address: bytes mnemonic operands`, jumps by bytes from their
 * own address. The kernel comes first; what runs once before it, the preamble, follows.
 */
export function parseAgx(printed: string): Instruction[] {
  const lines = printed.split('\n');
  const start = lines.findIndex((line) => LINE.test(line));
  if (start < 0) return [];
  const instructions: Instruction[] = [];
  for (const line of lines.slice(start)) {
    const found = line.match(LINE);
    if (!found) break;
    const [, address, , text] = found;
    const [name] = text.split(/\s/);
    const offset = /^jmp/.test(name) ? text.match(/-?\d+\s*$/)?.[0] : undefined;
    const target = offset && labelOf(Number.parseInt(address, 16) + Number(offset));
    const label = labelOf(Number.parseInt(address, 16));
    instructions.push({ text, work: workOf(name, text), repeats: 1, waits: name === 'wait', label, target });
  }
  const targets = new Set(instructions.map(({ target }) => target));
  return instructions.map((one) => (targets.has(one.label) ? one : { ...one, label: undefined }));
}

function labelOf(address: number): string {
  return `@${address.toString(16)}`;
}

function workOf(name: string, text: string): Work {
  if (ARITHMETIC.test(name)) return { kind: 'arithmetic' };
  if (/^(threadgroup_)?barrier$/.test(name)) return { kind: 'barrier' };
  const memory = name.match(/^(l|stack_)?(load|store)$/);
  if (!memory) return OTHER;
  // With uniform registers for an address, too: constants are moved to registers before the kernel begins.
  const space: Space = memory[1] === 'l' ? 'workgroup' : memory[1] ? 'scratch' : 'global';
  return { kind: memory[2] as 'load' | 'store', space, bytes: bytesOf(text) };
}

/** As in `i32, xyzw`: a format and the components of it. */
function bytesOf(text: string): number {
  const [, bits = '32', components = 'x'] = text.match(/\b[a-z]+(8|16|32)\w*, ([xyzw]+)\b/) ?? [];
  return (Number(bits) / 8) * components.length;
}
