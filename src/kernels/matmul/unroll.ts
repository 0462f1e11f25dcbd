import { directiveOf } from '../../engine/template.js';

/**
 * Copies the lines between `//#unroll NAME count` and its `//#end` `count` times with NAME = 0, 1, … `count` is a number or one
 * of `constants`; blocks nest. Within `{{…}}` NAME and `constants` may stand in sums and products, as in `{{s*LANES+l}}`.
 * Register tiles need it: WGSL has no unrolled loops, a lane index of `subgroupBroadcast` must be a literal, and arrays of
 * accumulators may end up in memory. Runs before `template`, whose `//#if … //#end` and `{{NAME}}` it passes through.
 */
export function unroll(source: string, constants: Record<string, number>): string {
  const lines = source.split('\n');
  const expanded: string[] = [];
  for (let at = 0; at < lines.length; at++) {
    const open = directiveOf(lines[at]);
    if (open?.kind !== 'unroll') {
      expanded.push(
        lines[at].replace(/\{\{([^{}]*)\}\}/g, (whole, text: string) => evaluate(text, constants) ?? whole),
      );
      continue;
    }
    const end = endOfBlock(lines, at);
    const count = /^\d+$/.test(open.count) ? Number(open.count) : constants[open.count];
    if (count === undefined) throw new Error(`kernel unrolling: no value for ${open.count}`);
    const body = lines.slice(at + 1, end).join('\n');
    for (let step = 0; step < count; step++) expanded.push(unroll(body, { ...constants, [open.name]: step }));
    at = end;
  }
  return expanded.join('\n');
}

/** A sum of products of numbers and known names; undefined if it holds an unknown one, which is then left to `template`. */
function evaluate(text: string, constants: Record<string, number>): string | undefined {
  let total = 0;
  for (const term of text.split('+')) {
    let product = 1;
    for (const factor of term.split('*')) {
      const value = /^\s*\d+\s*$/.test(factor) ? Number(factor) : constants[factor.trim()];
      if (value === undefined) return undefined;
      product *= value;
    }
    total += product;
  }
  return String(total);
}

function endOfBlock(lines: readonly string[], start: number): number {
  let depth = 0;
  for (let at = start; at < lines.length; at++) {
    const kind = directiveOf(lines[at])?.kind;
    if (kind === 'unroll' || kind === 'if') depth++;
    else if (kind === 'end' && --depth === 0) return at;
  }
  throw new Error(`kernel unrolling: "${lines[start].trim()}" has no //#end`);
}
