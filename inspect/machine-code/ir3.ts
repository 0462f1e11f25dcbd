import { type Instruction, OTHER, type Space, type Work } from './instruction.js';

const ARITHMETIC =
  /^(mad|add|mul|max|min|sel|rcp|rsq|hrsq|log2|exp2|hlog2|hexp2|sin|cos|sqrt|floor|ceil|trunc|rndne)(\.f(16|32)?)?\b/;

/**
 * Machine code of Adreno GPUs as Turnip tells it: a line per instruction, flags in brackets in front, labels such as
 * `l40:`.
 */
export function parseIr3(printed: string): Instruction[] {
  const instructions: Instruction[] = [];
  let label: string | undefined;
  for (const line of printed.split('\n')) {
    const found = line.match(/^(l\d+):/);
    if (found) label = found[1];
    if (found || !/^[(a-z]/.test(line)) continue;
    const text = line.trim();
    const operation = text.replace(/^(\([^)]*\)\s*)+/, '');
    const [name] = operation.split(/\s/);
    const repeats = 1 + Number(text.match(/\(rpt(\d)\)/)?.[1] ?? 0);
    const target = text.match(/#(l\d+)\b/)?.[1];
    const waits = /^(\([^)]*\)\s*)*\((ss|sy)\)/.test(text);
    instructions.push({ text, work: workOf(name, operation), repeats, waits, label, target });
    label = undefined;
  }
  return instructions;
}

function workOf(name: string, operation: string): Work {
  if (ARITHMETIC.test(name) && !/\.(s|u)(8|16|24|32)?\b/.test(name) && !/^sel\.b/.test(name))
    return { kind: 'arithmetic' };
  if (/^bar\b/.test(name)) return { kind: 'barrier' };
  const opcode = name.split('.')[0];
  const space = SPACES[opcode];
  if (!space) return OTHER;
  const kind = /^(st|ray)/.test(opcode) ? 'store' : 'load';
  return { kind, space, bytes: bytesOf(opcode, name, operation) };
}

const SPACES: Readonly<Record<string, Space>> = {
  ...{ ldl: 'workgroup', ldlw: 'workgroup', stl: 'workgroup', stlw: 'workgroup' },
  ...{ ldib: 'global', isam: 'global', isaml: 'global', ldg: 'global', stib: 'global', stg: 'global' },
  ...{ ldp: 'scratch', stp: 'scratch' },
  ...{ ldc: 'constant' },
};

function bytesOf(opcode: string, name: string, operation: string): number {
  if (opcode === 'isam' || opcode === 'isaml') {
    const [, bits = '32'] = operation.match(/\((?:u|s|f)(16|32)\)/) ?? [];
    const [, components = 'x'] = operation.match(/\(([xyzw]+)\)/) ?? [];
    return (Number(bits) / 8) * components.length;
  }
  const [, bits = '32'] = name.match(/\.[usf](8|16|32)\b/) ?? [];
  // How many: the last operand, or in the name, as in `stib.b.untyped.1d.u32.4`.
  const [, many = '1'] = name.match(/\.[usf](?:8|16|32)\.(\d)\b/) ?? operation.match(/, (\d)\s*$/) ?? [];
  return (Number(bits) / 8) * Number(many);
}
