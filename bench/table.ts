import type { Rates, Report, Row } from './report.js';
import { spread } from './statistics.js';

type RatedRow = Row & Rates;

interface Column {
  readonly title: string;
  /** @param above the row before, in whose cell a repeated word already stands */
  readonly cell: (row: RatedRow, above: RatedRow | undefined) => string;
  readonly align?: 'left';
}

const COLUMNS: readonly Column[] = [
  { title: '', cell: ({ name }, above) => (above?.name === name ? '' : name), align: 'left' },
  { title: '', cell: ({ pass, program }) => (program ? '' : pass), align: 'left' },
  { title: 'batch', cell: ({ batch }) => String(batch) },
  { title: 'median ms', cell: (row) => (row.check.valid ? significant(row.time.milliseconds.median) : 'not valid') },
  { title: '±', cell: (row) => (row.check.valid ? `${(100 * spread(row.time.milliseconds)).toFixed(0)} %` : '') },
  { title: 'GFLOP/s', cell: ({ gflops }) => significant(gflops) },
  { title: '% of peak', cell: ({ shareOfPeak }) => (shareOfPeak === undefined ? '' : (100 * shareOfPeak).toFixed(1)) },
  { title: 'GB/s', cell: ({ gigabytesPerSecond }) => significant(gigabytesPerSecond) },
  { title: '', cell: ({ time }) => (time.clock === 'wall clock' ? 'wall' : 'gpu'), align: 'left' },
];

/** Three digits, no exponent; empty where there is no number. */
export function significant(value: number | undefined): string {
  if (value === undefined) return '';
  const decimals = value > 0 ? 2 - Math.floor(Math.log10(value)) : 0;
  return value.toFixed(Math.min(Math.max(decimals, 0), 6));
}

/** The rows of one suite under its title, columns as wide as they need to be, without those that say nothing. */
export function formatSuite(title: string, rows: readonly RatedRow[], failures: readonly string[] = []): string {
  const columns = COLUMNS.flatMap((column) => {
    const cells = rows.map((row, index) => column.cell(row, rows[index - 1]));
    if (cells.every((cell) => cell === '')) return [];
    const width = Math.max(column.title.length, ...cells.map((cell) => cell.length));
    const fit = (text: string) => (column.align === 'left' ? text.padEnd(width) : text.padStart(width));
    return [[column.title, ...cells].map(fit)];
  });
  const lines = [-1, ...rows.keys()].map((row) => `  ${columns.map((column) => column[row + 1]).join('  ')}`.trimEnd());
  const remarks = rows.flatMap((row) => [...failure(row), ...anatomy(row)]);
  return [title, ...lines, ...remarks, ...failures.map((message) => `  ! ${message}`)].join('\n');
}

function failure({ name, pass, check }: RatedRow): string[] {
  return check.valid ? [] : [`  ! ${name}, ${pass}: ${check.statement}`];
}

const LISTED_OPERATIONS = 5;

function anatomy({ name, program: details, batch, time, check }: RatedRow): string[] {
  if (!details || !check.valid) return [];
  const { firstCallMilliseconds, newPipelines, pipelines, dispatches, plannedBytes, lowerBoundBytes } = details;
  const imagesPerSecond = (1000 * batch) / time.milliseconds.median;
  const lines = [
    `  ${name}`,
    `    ${significant(imagesPerSecond)} images/s; first call ${significant(firstCallMilliseconds)} ms, ` +
      `which compiled ${newPipelines} of ${pipelines} pipelines`,
    `    ${dispatches} dispatches; intermediates ${mebibytes(plannedBytes)} planned, ${mebibytes(lowerBoundBytes)} alive at once`,
  ];
  const { operations } = details;
  if (!operations) return lines;
  const total = operations.reduce((sum, { milliseconds }) => sum + milliseconds, 0);
  const shares = operations
    .slice(0, LISTED_OPERATIONS)
    .map(({ operation, milliseconds }) => `${operation} ${((100 * milliseconds) / total).toFixed(0)} %`);
  return [...lines, `    ${significant(total)} ms in kernels: ${shares.join(', ')}`];
}

function mebibytes(bytes: number): string {
  return `${significant(bytes / 2 ** 20)} MiB`;
}

export function formatHeader({ environment, adapter }: Pick<Report, 'environment' | 'adapter'>): string {
  const { sonde, commit, node, cores } = environment;
  const kind = adapter.software ? `software driver, ${cores} cores` : 'GPU';
  return `sonde ${sonde}${commit ? ` (${commit})` : ''}, node ${node}, ${adapter.description} (${kind})`;
}

/** What the clocks of these rows include, and how the checks came out. */
export function formatFooter({
  rows,
  peakGflops,
  tuned,
  seconds,
}: Pick<Report, 'rows' | 'peakGflops' | 'tuned' | 'seconds'>): string {
  const clocks = new Set(
    rows.map(({ time }) => `  ${time.clock === 'wall clock' ? 'wall' : 'gpu '}  ${time.clock}, ${time.note}`),
  );
  const valid = rows.filter(({ check }) => check.valid).length;
  const peak = peakGflops === null ? 'unknown: no product was valid' : `${significant(peakGflops)} GFLOP/s`;
  return [
    ...clocks,
    '  ±     half the distance between the quartiles',
    `  peak  the best matrix product of this run: ${peak}`,
    "  GFLOP/s count the definition's products: a fast convolution can exceed the peak",
    `  ${Object.keys(tuned).length} choices of the tuner are in use`,
    `  ${valid} of ${rows.length} results are valid; ${seconds.toFixed(0)} s in all`,
  ].join('\n');
}
