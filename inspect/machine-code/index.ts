import { parseAco } from './aco.js';
import { parseAgx } from './agx.js';
import type { Instruction } from './instruction.js';
import { parseIr3 } from './ir3.js';
import { parseNak } from './nak.js';

export type { Instruction, Space, Work } from './instruction.js';
export { findLoops, hottestLoop, type Loop, ownInstructions } from './loops.js';

/** Mesa's compilers: NVIDIA's, AMD's, Apple's and Qualcomm's. */
export type Compiler = 'NAK' | 'ACO' | 'AGX' | 'ir3';

const PARSERS: Readonly<Record<Compiler, (code: string) => Instruction[]>> = {
  NAK: parseNak,
  ACO: parseAco,
  AGX: parseAgx,
  ir3: parseIr3,
};

/** The instructions of one kernel as the driver tells them. */
export function parseMachineCode(compiler: Compiler, code: string): Instruction[] {
  return PARSERS[compiler](code);
}
