import type { Node } from '../../engine/graph.js';
import {
  type AdapterTraits,
  type Compiled,
  cast,
  compile,
  type Device,
  record,
  SondeError,
  type Tensor,
  type TensorSpec,
} from '../../engine/index.js';
import * as kinds from '../../engine/kinds.js';
import { signature } from '../../engine/signature.js';
import { tuningKey, variantsOf } from '../../engine/tuning.js';
import { abs, sub } from '../elementwise/elementwise.js';
import { max } from '../reduce/reduce.js';

export interface TuneOptions {
  /** Executions of each variant that are timed; the median counts. */
  readonly repeats?: number;
  /**
   * Largest allowed difference from the default variant, relative to the largest value, beside the rounding of results
   * of f16.
   */
  readonly tolerance?: number;
  /** Measure again what has been measured before. */
  readonly again?: boolean;
  readonly onProgress?: (done: number, total: number, operation: string) => void;
}

/** What tuning a program did. */
export interface TuneReport {
  /** Distinct operations with more than one kernel. */
  readonly candidates: number;
  /** The number that was measured now rather than known before. */
  readonly measured: number;
  /** One sentence for each variant that failed or disagreed with the default. */
  readonly struck: readonly string[];
}

const tuneTakes = signature<TuneOptions>(
  'tune',
  {
    compiled: kinds.callable,
    args: kinds.list('arguments of the compiled function', kinds.either(kinds.tensor, kinds.number)),
  },
  {
    repeats: kinds.optional(kinds.whole(1)),
    tolerance: kinds.optional(kinds.atLeastZero),
    again: kinds.optional(kinds.flag),
    onProgress: kinds.optional(kinds.callable),
  },
);

/**
 * Measures, on the device, the kernels that could compute each operation of a program, and remembers the fastest in
 * `device.tuning` (and its store). Programs compiled afterwards use them; this one is planned again at its next call.
 *
 * Traces the function for these arguments but does not run it, so its effects do not take place.
 *
 * @throws SondeError if an operation's default kernel itself fails, or the device does; what was measured before is
 *   kept.
 */
export async function tune<A extends readonly (Tensor | number)[], R>(
  compiled: Compiled<A, R>,
  args: A,
  options: TuneOptions = {},
): Promise<TuneReport> {
  tuneTakes(arguments);
  const { device, adapter, nodes } = await compiled.trace(...args);
  const { tuning } = device;
  const distinct = new Map<string, Node>();
  for (const node of nodes) {
    if (variantsOf(node, adapter).length > 1) distinct.set(tuningKey(node, adapter), node);
  }
  const pending = [...distinct.values()].filter((node) => options.again || !tuning.has(node, adapter));
  const struck: string[] = [];
  try {
    for (const [index, node] of pending.entries()) {
      options.onProgress?.(index, pending.length, node.operation.name);
      const measured = await measure(device, adapter, node, options);
      tuning.set(node, adapter, measured);
      for (const [variant, reason] of Object.entries(measured.struck)) {
        struck.push(`${node.operation.name}: variant ${variant} was struck off: ${reason}`);
      }
    }
  } finally {
    options.onProgress?.(pending.length, pending.length, '');
    if (pending.length > 0) {
      await tuning.save();
      compiled.dispose();
    }
  }
  return { candidates: distinct.size, measured: pending.length, struck };
}

async function measure(
  device: Device,
  adapter: AdapterTraits,
  node: Node,
  { repeats = 5, tolerance = 1e-4 }: TuneOptions,
) {
  const options = { device, matrixUnits: adapter.matrix };
  const halves = node.inputs.some(({ dtype }) => dtype === 'f16');
  const inputs = await Promise.all(node.inputs.map((spec, i) => draw(device, spec, i, halves)));
  // A result of f16 is off by half a unit of its last place, and another order of summing can tip it over.
  const allowed = tolerance + (node.specs.some(({ dtype }) => dtype === 'f16') ? 2 ** -10 : 0);
  const milliseconds: Record<string, number> = {};
  const struck: Record<string, string> = {};
  let expected: Tensor[] | undefined;
  try {
    for (const variant of variantsOf(node, adapter)) {
      const attributes = { ...(node.attributes as object), variant };
      const run = compile((...x: Tensor[]) => record(node.operation, x, attributes), options);
      try {
        const results = await run(...inputs);
        const error = expected ? await largestDifference(results, expected) : 0;
        if (error <= allowed) milliseconds[variant] = await time(device, run, inputs, repeats);
        else
          struck[variant] =
            `its result differs by ${error.toExponential(1)} relative from the default's, ${allowed.toPrecision(2)} is allowed.`;
        if (expected) for (const tensor of results) tensor.dispose();
        else expected = results;
      } catch (error) {
        // Without the default there is nothing to fall back to, and nothing to compare with.
        if (!expected || !(error instanceof SondeError)) throw error;
        // A device that is lost is no kernel's fault.
        device.checkUsable();
        struck[variant] = error.message;
      } finally {
        run.dispose();
      }
    }
  } finally {
    for (const tensor of [...inputs, ...(expected ?? [])]) tensor.dispose();
  }
  const [[chosen]] = Object.entries(milliseconds).sort(([, a], [, b]) => a - b);
  return { chosen, milliseconds, struck };
}

/**
 * Input `index` of an operation, of its own type. Where one input is f16 all hold values that f16 has: kernels for
 * matrix units round every operand to it, others do not, and the comparison should not see that.
 */
async function draw(device: Device, { shape, dtype }: TensorSpec, index: number, halves: boolean): Promise<Tensor> {
  const drawn = device.uniform(shape, [0x7e57, index], -1, 1);
  if (!halves) return drawn;
  const rounded = cast(drawn, 'f16');
  const values = await rounded.data();
  for (const tensor of [drawn, rounded]) tensor.dispose();
  return device.tensor(values, shape, dtype);
}

/** Largest difference between two sets of results, relative to the largest expected value. NaN if any is NaN. */
async function largestDifference(actual: readonly Tensor[], expected: readonly Tensor[]): Promise<number> {
  let worst = 0;
  for (const [i, tensor] of actual.entries()) {
    const difference = max(abs(sub(tensor, expected[i])));
    const scale = max(abs(expected[i]));
    const error = (await difference.item()) / Math.max(await scale.item(), 1e-30);
    for (const value of [difference, scale]) value.dispose();
    if (!(error <= worst)) worst = error;
  }
  return worst;
}

/** Median milliseconds of one execution: on the device's clock, or the wall clock where it has none. */
async function time(
  device: Device,
  run: Compiled<Tensor[], Tensor[]>,
  inputs: readonly Tensor[],
  repeats: number,
): Promise<number> {
  const times: number[] = [];
  for (let i = 0; i < repeats; i++) {
    const { dispatches, wallMilliseconds } = await run.profile(...inputs);
    const onDevice = dispatches?.reduce((total, { milliseconds }) => total + milliseconds, 0) ?? 0;
    // Quantized timestamps can say 0; then the wall clock is all there is.
    times.push(onDevice > 0 ? onDevice : wallMilliseconds);
  }
  await device.finished();
  return times.sort((a, b) => a - b)[Math.floor(times.length / 2)];
}
