import { arithmeticShare, type Figures, type Loads } from './figures.js';
import type { Inspection, Outcome } from './inspect.js';

const HEADER = [
  ...['kernel', 'registers', 'spills', 'occupancy', 'workgroup memory', 'instructions'],
  ...['hot loop', 'arithmetic', 'matrix', 'share', 'loads', 'stores', 'barriers', 'waits'],
];

/** What the table says, and what it cannot say. */
export const READING =
  'Figures of Mesa’s compilers, without the chip: compare variants of a kernel on one GPU, never GPUs with each other. Spills, narrow ' +
  'loads and waits are real costs, but nothing here is a time, and the vendors’ own compilers allot registers differently.';

export const LEGEND =
  'The hot loop is the one that would do most arithmetic if every loop ran equally often; — where a kernel has none and all of it is counted. ' +
  'Loads and stores: bytes of an invocation × how often, w in workgroup memory, g global, c constant, s scratch.';

/** A table of one GPU's kernels. */
export function printTable({ kernels }: Inspection): string {
  const entries = Object.entries(kernels);
  const rows = entries.map(([name, outcome]) => ('figures' in outcome ? cells(name, outcome.figures) : [name]));
  const failed = entries.flatMap(([name, outcome]) => ('error' in outcome ? [`${name}: ${outcome.error}`] : []));
  return [align([HEADER, ...rows.filter((row) => row.length > 1)]), ...failed].join('\n');
}

function cells(name: string, figures: Figures): string[] {
  const { loop } = figures;
  return [
    name,
    ...[figures.registers, figures.spills, figures.occupancy, figures.workgroupMemory, figures.instructions].map(
      String,
    ),
    loop.whole ? '—' : String(loop.instructions),
    ...[loop.arithmetic, loop.matrix].map(String),
    `${Math.round(100 * arithmeticShare(loop))} %`,
    ...[printLoads(loop.loads), printLoads(loop.stores)],
    ...[loop.barriers, loop.waits].map(String),
  ];
}

/** As in `w16×4 g4×2`. */
export function printLoads(loads: Loads): string {
  const parts = Object.entries(loads).flatMap(([space, widths]) =>
    Object.entries(widths)
      .sort(([a], [b]) => Number(b) - Number(a))
      .map(([bytes, count]) => `${space[0]}${bytes}×${count}`),
  );
  return parts.join(' ') || '0';
}

/** Names on the left, figures on the right. */
export function align(rows: readonly (readonly string[])[]): string {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  return rows
    .map((row) => row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join('  '))
    .join('\n');
}

/** Kernels whose figures differ, each line as before → now. */
export function printChanges(before: Inspection, now: Inspection): string {
  const names = [...new Set([...Object.keys(before.kernels), ...Object.keys(now.kernels)])];
  const lines = names.flatMap((name) => {
    const [old, fresh] = [described(before.kernels[name]), described(now.kernels[name])];
    const columns = HEADER.slice(1).filter((column) => old[column] !== fresh[column]);
    const text = columns.map((column) => `${column} ${old[column] ?? 'none'} → ${fresh[column] ?? 'none'}`).join(', ');
    if (!before.kernels[name]) return [`${name}: new`];
    if (!now.kernels[name]) return [`${name}: gone`];
    return text ? [`${name}: ${text}`] : [];
  });
  return lines.join('\n') || 'no kernel changed';
}

function described(outcome: Outcome | undefined): Record<string, string> {
  if (!outcome) return {};
  if ('error' in outcome) return { instructions: outcome.error };
  return Object.fromEntries(cells('', outcome.figures).map((cell, i) => [HEADER[i], cell]));
}
