import { type Device, findMatrixUnits, type MatrixUnits, SondeError, type TuningEntry } from '../src/index.js';
import type { Budget } from './clock.js';
import { describeEnvironment } from './environment.js';
import { extrapolateProtocol } from './protocol.js';
import { peakOf, type Report, type Row, ratesOf } from './report.js';
import { BenchError } from './statistics.js';
import type { Scale, Suite, SuiteContext } from './suite.js';
import { suites } from './suites/index.js';
import { formatFooter, formatHeader, formatSuite } from './table.js';

export interface BenchOptions {
  readonly quick?: boolean;
  /** Names of suites. The products run in any case. */
  readonly only?: readonly string[];
  readonly batch?: number;
  readonly precision?: 'f32' | 'mixed';
}

export interface BenchOutput {
  print(text: string): void;
  /** What is being measured now; '' when done. */
  status?(text: string): void;
}

const BUDGETS: Readonly<Record<Scale, Budget>> = {
  quick: { milliseconds: 100, leastSamples: 3, mostSamples: 20 },
  software: { milliseconds: 1000, leastSamples: 5, mostSamples: 50 },
  gpu: { milliseconds: 1000, leastSamples: 10, mostSamples: 100 },
};

/** Runs the chosen suites, prints each as a table when it is complete, and returns all of it. */
export async function runBench(
  device: Device,
  options: BenchOptions,
  { print, status = () => {} }: BenchOutput,
  available: readonly Suite[] = suites,
): Promise<Report> {
  const begin = performance.now();
  const { quick = false, only, batch, precision = 'f32' } = options;
  const scale: Scale = quick ? 'quick' : device.info.software ? 'software' : 'gpu';
  const found = precision === 'mixed' ? await findUnits(device) : undefined;
  const budget = BUDGETS[scale];
  const context: SuiteContext = { device, scale, batch, budget, precision, matrixUnits: found?.units };
  const environment = describeEnvironment();
  print(`${formatHeader({ environment, adapter: device.info })}\n`);
  if (found) print(`${describeUnits(found)}\n`);

  const rows: Row[] = [];
  const failures: { suite: string; message: string }[] = [];
  for (const suite of available) {
    if (only && suite.name !== 'matmul' && !only.includes(suite.name)) continue;
    status(`${suite.name} …`);
    const own: Row[] = [];
    try {
      for await (const row of suite.run(context)) {
        own.push(row);
        status(`${suite.name}: ${row.name}, ${row.pass}`);
      }
    } catch (error) {
      // What the others find is still worth having, as when the largest model has no room.
      if (!(error instanceof SondeError)) throw error;
      failures.push({ suite: suite.name, message: error.message });
    }
    rows.push(...own);
    status('');
    const peak = peakOf(rows);
    const rated = own.map((row) => ({ ...row, ...ratesOf(row, peak) }));
    const stopped = failures.flatMap((failure) => (failure.suite === suite.name ? failure.message : []));
    print([formatSuite(suite.title, rated, stopped), ...extrapolateProtocol(own), ''].join('\n'));
  }

  const peak = peakOf(rows);
  const report: Report = {
    version: 1,
    environment,
    adapter: device.info,
    options: { quick, only: only ?? null, batch: batch ?? null, scale, precision },
    tuned: tunedKernels(device),
    peakGflops: peak ?? null,
    rows: rows.map((row) => ({ ...row, ...ratesOf(row, peak) })),
    failures,
    seconds: (performance.now() - begin) / 1000,
  };
  print(formatFooter(report));
  return report;
}

/** @throws BenchError without f16 */
async function findUnits(device: Device): Promise<MatrixUnits> {
  if (!device.traits.f16) throw new BenchError('bench: this adapter has no f16; leave out --precision.');
  return findMatrixUnits(device);
}

/** What mixed precision runs on. */
function describeUnits({ units, reason, struck }: MatrixUnits): string {
  const on = units ? `on matrix units of ${units.m}×${units.n}×${units.k}` : `without matrix units: ${reason}`;
  return [...struck, `mixed precision, ${on}`].join('\n');
}

function tunedKernels(device: Device): Record<string, string> {
  const { entries } = JSON.parse(device.tuning.toText()) as { entries: TuningEntry[] };
  return Object.fromEntries(entries.map(({ key, chosen }) => [key, chosen]));
}
