/**
 * Copies the lines between `//#unroll NAME count` and its `//#end` `count` times, with `{{NAME}}` replaced by 0, 1, …
 * `count` is a number or one of `constants`; blocks nest. Register tiles need it: WGSL has no unrolled loops, a lane
 * index of `subgroupBroadcast` must be a literal, and arrays of accumulators may end up in memory.
 * Runs before `template`, whose `//#if … //#end` it passes through.
 */
export function unroll(source: string, constants: Record<string, number>): string {
  const lines = source.split('\n');
  const expanded: string[] = [];
  for (let at = 0; at < lines.length; at++) {
    const open = /^\s*\/\/#unroll (\w+) (\w+)\s*$/.exec(lines[at]);
    if (!open) {
      expanded.push(lines[at]);
      continue;
    }
    const end = endOfBlock(lines, at);
    const body = unroll(lines.slice(at + 1, end).join('\n'), constants);
    const count = /^\d+$/.test(open[2]) ? Number(open[2]) : constants[open[2]];
    if (count === undefined) throw new Error(`kernel unrolling: no value for ${open[2]}`);
    for (let step = 0; step < count; step++) expanded.push(body.replaceAll(`{{${open[1]}}}`, String(step)));
    at = end;
  }
  return expanded.join('\n');
}

function endOfBlock(lines: readonly string[], start: number): number {
  let depth = 0;
  for (let at = start; at < lines.length; at++) {
    if (/^\s*\/\/#(unroll|if)\b/.test(lines[at])) depth++;
    else if (/^\s*\/\/#end\b/.test(lines[at]) && --depth === 0) return at;
  }
  throw new Error(`kernel unrolling: "${lines[start].trim()}" has no //#end`);
}
