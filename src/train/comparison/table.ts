import { stringify } from 'csv-stringify/sync';
import { titleOf } from './order.js';
import type { Comparison, OverSeeds } from './schema.js';

/** How many answers have no angle, and so no part in its error; nothing where all have one. */
export function undefinedAngles({ models, data }: Pick<Comparison, 'models' | 'data'>): string | undefined {
  const counts = models.flatMap((model) => {
    const without = model.runs.reduce((sum, run) => sum + run.undefinedAngles, 0);
    return without === 0 ? [] : [`${without} of ${titleOf(model, models)}’s ${model.runs.length * data.test} answers`];
  });
  if (counts.length === 0) return undefined;
  return `Two landmarks coincide in ${new Intl.ListFormat('en-GB').format(counts)}: these have no angle, and no part in the error of the angle.`;
}

/** Heading above the list of differences. */
export const DIFFERENCES = 'In what this comparison differs from the paper’s';

/** The comparison as a table in Markdown, the greatest error first, with its conclusion below. */
export function comparisonMarkdown(comparison: Comparison): string {
  const { data, seeds, models, conclusion, differences } = comparison;
  const undefinedOnes = undefinedAngles(comparison);
  const header = [
    'model',
    'parameters',
    'APD, px',
    'AoP, °',
    'PS1, px',
    'PS2, px',
    'FH1, px',
    'best possible APD of its grid, px',
  ];
  const rows = models.map((model) => [
    titleOf(model, models),
    model.parameters.toLocaleString('en-GB'),
    formatSpread(model.apd),
    model.aopMae ? formatSpread(model.aopMae) : '–',
    formatSpread(model.perLandmark.ps1),
    formatSpread(model.perLandmark.ps2),
    formatSpread(model.perLandmark.fh1),
    model.quantisation === 0 ? '–' : model.quantisation.toFixed(1),
  ]);
  const widths = header.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column].length)));
  // Names stand left, numbers right.
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join(' | ')} |`;
  const rule = widths.map((width, i) => (i === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`));
  return [
    line(header),
    line(rule),
    ...rows.map(line),
    '',
    `${meansInWords(seeds)}, pixels of a 512 px frame, ${data.test} test frames; trained on ${data.train} frames for at most ` +
      `${epochsInWords(models)}, best of them by ${data.validation} validation frames.`,
    '',
    ...(undefinedOnes === undefined ? [] : [undefinedOnes, '']),
    conclusion,
    '',
    ...(differences.length === 0 ? [] : [`${DIFFERENCES}:`, '', ...differences.map((each) => `- ${each}`), '']),
  ].join('\n');
}

/** What the scores of a table are, as its caption begins. */
export function meansInWords(seeds: readonly number[]): string {
  return seeds.length > 1
    ? `Mean ± standard deviation over ${seeds.length} seeds`
    : `Of one run each, with the seed ${seeds[0]}`;
}

function epochsInWords(models: Comparison['models']): string {
  const epochs = [...new Set(models.map((model) => model.epochs))];
  if (epochs.length === 1) return `${epochs[0]} ${epochs[0] === 1 ? 'epoch' : 'epochs'}`;
  return `${new Intl.ListFormat('en-GB').format(models.map((model) => `${model.epochs} (${titleOf(model, models)})`))} epochs`;
}

/** One row for each run, with what names it and its scores. */
export function comparisonCsv({ models }: Comparison): string {
  const header = [
    'Model',
    'Architecture',
    'Decoding',
    'Parameters',
    'Epochs',
    'Seed',
    'Best epoch',
    'APD (px)',
    'AoP error (degrees)',
  ];
  const landmarks = ['PS1 error (px)', 'PS2 error (px)', 'FH1 error (px)', 'Undefined angles', 'Folder'];
  const rows = models.flatMap((model) =>
    model.runs.map((run) => [
      model.name,
      model.architecture,
      model.decoding,
      model.parameters,
      model.epochs,
      run.seed,
      run.epoch,
      run.apd,
      run.aopMae ?? '',
      run.perLandmark.ps1,
      run.perLandmark.ps2,
      run.perLandmark.fh1,
      run.undefinedAngles,
      run.folder,
    ]),
  );
  return stringify([[...header, ...landmarks], ...rows]);
}

function formatSpread({ mean, sd }: OverSeeds): string {
  return sd === undefined ? mean.toFixed(2) : `${mean.toFixed(2)} ± ${sd.toFixed(2)}`;
}
