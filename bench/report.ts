import type { DeviceInfo } from '../src/index.js';
import type { Timing } from './clock.js';
import type { Environment } from './environment.js';
import { BenchError } from './statistics.js';
import type { Check } from './verification.js';

/** One measurement, as a suite hands it over. */
export interface Row {
  readonly suite: string;
  /** The work: sizes and channels, or the model. */
  readonly name: string;
  /** Which part of it, as in "input gradient". */
  readonly pass: string;
  readonly batch: number;
  readonly time: Timing;
  /** Arithmetic of one execution, 2 per product of the operation's definition, whatever algorithm computes it. */
  readonly flops: number;
  /** Every operand read once and the result written once; undefined where that says little. */
  readonly bytes?: number;
  readonly check: Check;
  readonly program?: ProgramDetails;
  /** What was varied, in a row that shows how the cost grows. */
  readonly scaling?: { readonly axis: 'batch' | 'resolution' | 'width'; readonly value: number };
}

/** What a model's program is made of and where its time goes. */
export interface ProgramDetails {
  /** From the compilation of the function to its first result. */
  readonly firstCallMilliseconds: number;
  /** Pipelines that did not exist before it; the driver may keep others on disk. */
  readonly newPipelines: number;
  readonly pipelines: number;
  readonly dispatches: number;
  readonly plannedBytes: number;
  /** What is alive at once: no plan can need less. */
  readonly lowerBoundBytes: number;
  readonly parameters: number;
  /** Time on the device by operation, the most expensive first; undefined without timestamps. */
  readonly operations: readonly OperationTime[] | undefined;
}

export interface OperationTime {
  readonly operation: string;
  readonly dispatches: number;
  readonly milliseconds: number;
  /** As the kernels declare it: what they compute, which a fast algorithm makes less. */
  readonly flops: number;
}

/** What follows from a row. Absent from times that are not valid. */
export interface Rates {
  readonly gflops?: number;
  readonly gigabytesPerSecond?: number;
  /** Of the best rate that the same run reached in a matrix product. */
  readonly shareOfPeak?: number;
}

export interface Report {
  /** Raised when a field changes its meaning. */
  readonly version: 1;
  readonly environment: Environment;
  readonly adapter: DeviceInfo;
  readonly options: Readonly<Record<string, unknown>>;
  /** Kernels that the tuner chose earlier, by operation and shapes. */
  readonly tuned: Readonly<Record<string, string>>;
  /** Best rate of a matrix product in this run, GFLOP/s; null if none was valid. */
  readonly peakGflops: number | null;
  readonly rows: readonly (Row & Rates)[];
  /** Suites that could not be finished, with the reason. */
  readonly failures: readonly { readonly suite: string; readonly message: string }[];
  readonly seconds: number;
}

/** The best valid rate of a matrix product, GFLOP/s. */
export function peakOf(rows: readonly Row[]): number | undefined {
  const rates = rows.filter(({ suite }) => suite === 'matmul').flatMap((row) => ratesOf(row, undefined).gflops ?? []);
  return rates.length > 0 ? Math.max(...rates) : undefined;
}

export function ratesOf({ check, time, flops, bytes }: Row, peakGflops: number | undefined): Rates {
  const { median } = time.milliseconds;
  if (!check.valid || !(median > 0)) return {};
  const gflops = flops / median / 1e6;
  const gigabytesPerSecond = bytes === undefined ? undefined : bytes / median / 1e6;
  const shareOfPeak = peakGflops === undefined ? undefined : gflops / peakGflops;
  return { gflops, gigabytesPerSecond, shareOfPeak };
}

/** @throws BenchError if a result was wrong or a suite could not be finished */
export function assertSound({ rows, failures }: Report): void {
  const wrong = rows.filter(({ check }) => !check.valid).length;
  if (wrong + failures.length === 0) return;
  throw new BenchError(
    `${wrong} of ${rows.length} results are not valid and ${failures.length} suites stopped early; the lines marked ` +
      'with ! say why.',
  );
}
