import type { CrossValidation, FoldScores } from './results.js';

const COLUMNS = ['apd', 'ps1', 'ps2', 'fh1', 'aopMae'] as const;
const TITLES = ['APD px', 'PS1', 'PS2', 'FH1', 'AoP °'];

/** The result as a table: each fold, their mean and standard deviation, all held-out frames together, and strata. */
export function formatCrossValidation(results: CrossValidation): string {
  const { folds, mean, sd, bestFold, pooled, strata, splits } = results;
  const row = (cells: readonly string[]) =>
    `  ${cells[0].padEnd(7)}${cells
      .slice(1)
      .map((cell) => cell.padStart(17))
      .join('')}`;
  const { intervals } = pooled;
  const range = (interval: { low: number; high: number } | undefined, unit: string) =>
    interval ? ` (95 %: ${interval.low.toFixed(2)} to ${interval.high.toFixed(2)} ${unit})` : '';
  const angle = pooled.aopMae === undefined ? 'no angles' : `AoP error ${pooled.aopMae.toFixed(2)}°`;
  const width = Math.max(...Object.keys(strata).map((stratum) => stratum.length));
  return [
    `${splits.folds} folds, ${splits.frames} frames, each scored by the model that was not trained on it (px of a 512 frame)`,
    row(['fold', 'frames', 'best epoch', ...TITLES]),
    ...folds.map(({ fold, frames, bestEpoch, scores }) =>
      row([String(fold), String(frames), String(bestEpoch), ...COLUMNS.map((score) => number(scores[score]))]),
    ),
    row(['mean', '', '', ...COLUMNS.map((score) => plusMinus(mean, sd, score))]),
    `best fold   ${bestFold}`,
    `all frames  APD ${pooled.apd.toFixed(2)} px${range(intervals.apd, 'px')}; ${angle}${range(intervals.aopMae, '°')}`,
    ...Object.entries(strata).map(
      ([stratum, { frames, apd, aopMae }]) =>
        `  ${stratum.padEnd(width)}${String(frames).padStart(6)} frames  APD ${number(apd).padStart(6)} px  AoP error ${number(aopMae)}°`,
    ),
  ].join('\n');
}

function number(value: number | null): string {
  return value === null ? '–' : value.toFixed(2);
}

function plusMinus(mean: FoldScores, sd: FoldScores, score: (typeof COLUMNS)[number]): string {
  return mean[score] === null ? '–' : `${number(mean[score])} ± ${number(sd[score])}`;
}
