import type { Splits } from './splits.js';
import { compareStrata } from './strata.js';

/** What a person should know of strata that some folds lack: a sentence for each such stratum. */
export function stratumWarnings({ folds, frames }: Splits): string[] {
  const totals = new Map<string, number>();
  for (const { stratum } of Object.values(frames)) totals.set(stratum, (totals.get(stratum) ?? 0) + 1);
  return [...totals]
    .sort(([a], [b]) => compareStrata(a, b))
    .flatMap(([stratum, total]) => {
      const holding = folds.filter(({ strata }) => strata[stratum]);
      const without = folds.filter(({ strata }) => !strata[stratum]).map(({ fold }) => fold);
      if (without.length === 0) return [];
      const count = total === 1 ? 'one frame' : `${total} frames`;
      const start = `Stratum "${stratum}" has ${count}`;
      if (holding.length === 1) {
        const [{ fold }] = holding;
        return [
          `${start}${total === 1 ? '' : ', all'} in fold ${fold}: that fold is trained without any of them, and no other is validated on them.`,
        ];
      }
      return [`${start}: ${listFolds(without)} without any of them, so that their scores say nothing of such frames.`];
    });
}

function listFolds(folds: readonly number[]): string {
  if (folds.length === 1) return `fold ${folds[0]} is validated`;
  return `folds ${folds.slice(0, -1).join(', ')} and ${folds[folds.length - 1]} are validated`;
}

/** A table of how many frames of each stratum each fold holds. */
export function formatSplits(splits: Splits): string {
  const { folds, groups, data, grouping } = splits;
  const strata = [...new Set(Object.values(splits.frames).map(({ stratum }) => stratum))].sort(compareStrata);
  const width = Math.max(...strata.map((stratum) => stratum.length), 'all'.length);
  const row = (name: string, counts: readonly number[]) =>
    `  ${name.padEnd(width)} ${counts.map((count) => String(count).padStart(5)).join('')}`;
  const grouped = groups.reduce((sum, group) => sum + group.length, 0);
  const why =
    grouping.column === undefined ? 'nearly the same picture' : `nearly the same picture or ${grouping.column}`;
  return [
    `${data.frames} frames (${data.splits.join(', ')}) in ${folds.length} folds, seed ${splits.seed}; ` +
      `${grouped} of them in ${groups.length} groups (${why}) that stay together`,
    row(
      'fold',
      folds.map(({ fold }) => fold),
    ),
    ...strata.map((stratum) =>
      row(
        stratum,
        folds.map(({ strata: counts }) => counts[stratum] ?? 0),
      ),
    ),
    row(
      'all',
      folds.map(({ files }) => files.length),
    ),
  ].join('\n');
}
