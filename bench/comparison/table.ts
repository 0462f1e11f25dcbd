import { spread } from '../statistics.js';
import { significant } from '../table.js';
import type { Comparison, Pairing, PeerWait, Refusal } from './compare.js';

const WAITS: readonly PeerWait[] = ['as shipped', 'paced', 'cpu'];

const TITLES: Readonly<Record<PeerWait, string>> = {
  'as shipped': 'against WebGPU engines as they are shipped',
  paced: 'against WebGPU engines that wait as sonde does',
  cpu: 'against the CPU, for reference',
};

/** Work by work the fastest peer, in a table for each way of waiting, and what peers could not do. */
export function formatComparison({ pairings, refusals }: Comparison): string {
  const tables = WAITS.flatMap((wait) => {
    const best = bestPairings(pairings.filter((pairing) => pairing.wait === wait));
    if (best.length === 0) return [];
    const cells = best.map(cellsOf);
    const header = ['', '', 'sonde ms', 'best peer ms', 'ratio', '±', 'cold call ms', 'peer’s', 'GFLOP/s', ''];
    const widths = header.map((title, column) => Math.max(title.length, ...cells.map((row) => row[column].length)));
    const lines = [header, ...cells].map((row) =>
      row
        .map((cell, column) => (isText(column) ? cell.padEnd(widths[column]) : cell.padStart(widths[column])))
        .join('  '),
    );
    return [[TITLES[wait], ...lines.map((line) => `  ${line.trimEnd()}`)].join('\n')];
  });
  return [...tables, ...summarize(refusals)].join('\n\n');
}

const isText = (column: number) => column < 2 || column === 9;

function cellsOf({ work, pass, ours, theirs, ratio, coldFirst, flops, peer }: Pairing): string[] {
  return [
    work,
    pass === 'training step' ? '' : pass,
    significant(ours.median),
    significant(theirs.median),
    `${significant(ratio.median)}×`,
    `${(100 * spread(ratio)).toFixed(0)} %`,
    significant(coldFirst?.ours),
    significant(coldFirst?.theirs),
    `${significant(flops / ours.median / 1e6)} : ${significant(flops / theirs.median / 1e6)}`,
    peer,
  ];
}

/** For each work the pairing with the fastest peer. */
export function bestPairings(pairings: readonly Pairing[]): Pairing[] {
  const best = new Map<string, Pairing>();
  for (const pairing of pairings) {
    const key = `${pairing.work}, ${pairing.pass}`;
    const known = best.get(key);
    if (!known || pairing.ratio.median < known.ratio.median) best.set(key, pairing);
  }
  return [...best.values()];
}

/** One line for each reason. */
function summarize(refusals: readonly Refusal[]): string[] {
  const reasons = new Map<string, Set<string>>();
  for (const { peer, work, pass, message } of refusals) {
    const key = `${peer}: ${message}`;
    const what = work === undefined ? 'everything' : pass === 'training step' ? pass : `${work} ${pass}`;
    reasons.set(key, (reasons.get(key) ?? new Set()).add(what));
  }
  if (reasons.size === 0) return [];
  const lines = [...reasons].map(([reason, works]) => {
    const [first] = works;
    return `  ! ${reason} (${works.size === 1 ? first : `${works.size} of the works`})`;
  });
  return [['not compared', ...lines].join('\n')];
}
