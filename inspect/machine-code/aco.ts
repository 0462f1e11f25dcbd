import { type Instruction, OTHER, type Space, type Work } from './instruction.js';

const FLOATING = /^v_(?!cmp|cvt|cndmask|mov|ldexp|frexp|readlane|readfirstlane)\w*_(f16|f32|f64|bf16)(_|$)/;

/**
 * Machine code of AMD's GPUs as RADV tells it: a line per instruction behind labels such as `BB3:`, its words behind
 * `;`.
 */
export function parseAco(printed: string): Instruction[] {
  const instructions: Instruction[] = [];
  let label: string | undefined;
  for (const line of printed.split('\n')) {
    const found = line.match(/^(BB\d+):/);
    if (found) label = found[1];
    if (!line.startsWith('\t')) continue;
    const text = line.replace(/\s*; [0-9a-f]{8}( [0-9a-f]{8})*\s*$/, '').trim();
    const [name] = text.split(/\s/);
    const target = /^s_c?branch/.test(name) ? text.match(/\bBB\d+\b/)?.[0] : undefined;
    // Dual issue does two things at once.
    const dual = text.startsWith('v_dual_') ? text.split(' :: ') : [text];
    for (const [i, part] of dual.entries()) {
      const work = workOf(part.trim());
      const waits = /^s_wait(cnt|_)/.test(name) && !/^s_wait_(alu|idle|event)/.test(name);
      instructions.push({
        text: i === 0 ? text : '',
        work,
        repeats: 1,
        waits,
        label: i === 0 ? label : undefined,
        target,
      });
    }
    label = undefined;
  }
  return instructions;
}

function workOf(text: string): Work {
  const name = text.split(/\s/)[0].replace('v_dual_', 'v_');
  if (/^v_s?wmma/.test(name)) return { kind: 'matrix' };
  if (FLOATING.test(name) || /^v_(dot2|fma_mix|exp|log|rcp|rsq|sqrt|sin|cos)/.test(name)) return { kind: 'arithmetic' };
  if (/^s_barrier(_wait)?$/.test(name)) return { kind: 'barrier' };
  const space = spaceOf(name);
  const kind = /_(load|read)_/.test(name) ? 'load' : /_(store|write)_/.test(name) ? 'store' : undefined;
  return space && kind ? { kind, space, bytes: bytesOf(name) } : OTHER;
}

function spaceOf(name: string): Space | undefined {
  if (name.startsWith('ds_')) return 'workgroup';
  if (/^s_(buffer_)?(load|store)/.test(name)) return 'constant';
  if (name.startsWith('scratch_')) return 'scratch';
  return /^(buffer|global|flat)_/.test(name) ? 'global' : undefined;
}

/** From names of both generations: `b128` and `dwordx4`, `2addr_b64` and `read2_b64`, `u16` and `short`. */
function bytesOf(name: string): number {
  const pairs = /2addr|(read|write)2/.test(name) ? 2 : 1;
  const bits = name.match(/_(?:d16_)?(?:hi_)?[buif](8|16|32|64|96|128|256|512)\b/)?.[1];
  if (bits) return (pairs * Number(bits)) / 8;
  const words = name.match(/dword(?:x(\d+))?/);
  if (words) return 4 * Number(words[1] ?? 1);
  return /byte/.test(name) ? 1 : /short/.test(name) ? 2 : 4;
}
