import { type Compiled, compile, type Device, type MatrixUnit, scope, type Tensor } from '../src/index.js';
import { type Quartiles, quartiles } from './statistics.js';

/** How long one execution takes, in milliseconds. */
export interface Timing {
  readonly clock: 'GPU timestamps' | 'wall clock';
  /** What the clock includes, or why the better one was not used. */
  readonly note: string;
  readonly milliseconds: Quartiles;
}

/** When to stop repeating. */
export interface Budget {
  readonly milliseconds: number;
  readonly leastSamples: number;
  readonly mostSamples: number;
}

const MEASURED = 'measured';

/** Marks operations, and the gradients that come of them, as what a kernel's time is made of. */
export function measured<T>(body: () => T): T {
  return scope(MEASURED, body);
}

/** What programs run on. */
export interface Target {
  readonly device: Device;
  /** In mixed precision, where the device has any. */
  readonly matrixUnits?: MatrixUnit | undefined;
}

/**
 * Times what `body` marks as {@link measured}.
 *
 * Timestamps are read around each dispatch, so that only the marked ones count. Where the adapter has none, or they are
 * not good enough, the whole of `body` is timed by the wall clock: several repetitions in one program, several programs
 * in a row.
 */
export async function timeKernel(target: Target, body: () => Tensor, budget: Budget): Promise<Timing> {
  const program = compile(body, target);
  try {
    const first = await profileOnce(program);
    if (first.marked === undefined) return await timeByWallClock(target, body, 'the adapter has no timestamps', budget);
    let outrun = false;
    const samples = await repeat(budget, async () => {
      const { marked = [], wall } = await profileOnce(program);
      outrun ||= total(marked) > wall;
      return marked;
    });
    const fault = outrun ? 'timestamps run ahead of the wall clock' : timestampFault(samples);
    if (fault) return await timeByWallClock(target, body, fault, budget);
    return { clock: 'GPU timestamps', note: 'kernels only', milliseconds: quartiles(samples.map(total)) };
  } finally {
    program.dispose();
  }
}

/** The marked dispatches' durations. */
async function profileOnce(program: Compiled<[], Tensor>): Promise<{ marked: number[] | undefined; wall: number }> {
  const { dispatches, wallMilliseconds } = await program.profile();
  const marked = dispatches?.filter(
    ({ label }) => label.startsWith(`${MEASURED} `) || label.startsWith(`${MEASURED}.`),
  );
  return { marked: marked?.map(({ milliseconds }) => milliseconds), wall: wallMilliseconds };
}

const total = (durations: readonly number[]) => durations.reduce((sum, duration) => sum + duration, 0);

/** The step of the timer may be this share of what is measured. */
const FINE_ENOUGH = 0.02;

/**
 * Why timestamps cannot be used, or undefined if they can.
 *
 * Browsers and some drivers round timestamps; the step shows as the greatest common divisor of all durations.
 * @param samples for each execution the durations of its dispatches, in milliseconds
 */
export function timestampFault(samples: readonly (readonly number[])[]): string | undefined {
  const typical = quartiles(samples.map(total)).median;
  if (!(typical > 0)) return 'timestamps do not advance during a kernel';
  const step = samples
    .flat()
    .map((duration) => Math.round(duration * 1e6))
    .reduce(greatestCommonDivisor);
  if (step > FINE_ENOUGH * typical * 1e6) return `timestamps step by ${step.toLocaleString('en-US')} ns`;
  return undefined;
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}

/** A sample of the wall clock covers at least this many milliseconds: the engine polls once in one. */
const SAMPLE_MILLISECONDS = 50;
/** Their results are all held at once. */
const MOST_REPETITIONS = 16;

/** Times all of `body`, several repetitions in one program and several programs in a row. */
export async function timeByWallClock(
  target: Target,
  body: () => Tensor,
  reason: string,
  budget: Budget,
): Promise<Timing> {
  const single = await timeRepetitions(target, body, 1, { milliseconds: 0, leastSamples: 1, mostSamples: 1 });
  const wanted = Math.ceil(SAMPLE_MILLISECONDS / single.median);
  const repetitions = Math.min(MOST_REPETITIONS, wanted);
  const milliseconds = await timeRepetitions(target, body, repetitions, budget, Math.ceil(wanted / repetitions));
  const note = `${reason}; includes submission and the copy of the result; ${repetitions} in a program`;
  return { clock: 'wall clock', note, milliseconds };
}

async function timeRepetitions(
  target: Target,
  body: () => Tensor,
  repetitions: number,
  budget: Budget,
  submits = 1,
): Promise<Quartiles> {
  const program = compile(() => Array.from({ length: repetitions }, body), target);
  const run = async () => {
    for (const result of await program()) result.dispose();
  };
  try {
    await run();
    await target.device.finished();
    const samples = await repeat(budget, async () => {
      const begin = performance.now();
      for (let submit = 0; submit < submits; submit++) await run();
      await target.device.finished();
      return (performance.now() - begin) / (submits * repetitions);
    });
    return quartiles(samples);
  } finally {
    program.dispose();
  }
}

/** Collects samples until the budget is used up. */
export async function repeat<T>(budget: Budget, sample: () => Promise<T>): Promise<T[]> {
  const { milliseconds, leastSamples, mostSamples } = budget;
  const samples: T[] = [];
  const begin = performance.now();
  while (samples.length < leastSamples || (samples.length < mostSamples && performance.now() - begin < milliseconds)) {
    samples.push(await sample());
  }
  return samples;
}
