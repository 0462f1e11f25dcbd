import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import type { DType } from '../src/index.js';

/** Whether a result may be believed, and with it its time. */
export interface Check {
  readonly valid: boolean;
  /** What was compared and how it came out. */
  readonly statement: string;
}

/** One element of a product or convolution in double precision. */
export interface ExactSum {
  readonly value: number;
  /** Sum of the products' absolute values. */
  readonly magnitude: number;
}

/** Adds up the products that `visit` hands over. */
export function exactSum(visit: (add: (a: number, b: number) => void) => void): ExactSum {
  let value = 0;
  let magnitude = 0;
  visit((a, b) => {
    value += a * b;
    magnitude += Math.abs(a * b);
  });
  return { value, magnitude };
}

const UNIT_ROUNDOFF = 2 ** -24;
const HALF_ROUNDOFF = 2 ** -11;
const CHECKED_POSITIONS = 16;

/** Roundings of a float32 sum, in units of u·Σ|a·b|, that are taken for roundings. */
const ROUNDINGS = 16;

/**
 * How far a float32 sum may be from the exact one. Of operands drawn around zero the partial sums grow with √n only,
 * and so the error stays near u·Σ|a·b| whatever the number of terms and their order; a product left out is far beyond.
 * Source: Higham and Mary, Sharper Probabilistic Backward Error Analysis for Basic Linear Algebra Kernels with Random
 * Data, 2020.
 */
export function tolerance({ magnitude }: ExactSum): number {
  return ROUNDINGS * UNIT_ROUNDOFF * magnitude;
}

/** The first and the last position, where edges are treated, and others drawn between. */
export function checkedPositions(size: number, seed: number): number[] {
  const random = xoroshiro128plus(seed);
  const drawn = Array.from({ length: CHECKED_POSITIONS - 2 }, () => uniformInt(random, 0, size - 1));
  return [0, size - 1, ...drawn];
}

/** Compares a kernel's result with exact sums at a few positions, and looks for NaN and Inf everywhere. */
export function verify(
  result: Float32Array,
  exact: (position: number) => ExactSum,
  { seed = 1, dtype = 'f32' }: { readonly seed?: number; readonly dtype?: DType } = {},
): Check {
  const odd = result.findIndex((value) => !Number.isFinite(value));
  if (odd >= 0) return { valid: false, statement: `element ${odd} of ${result.length} is ${result[odd]}` };
  const positions = checkedPositions(result.length, seed);
  let worst = 0;
  for (const position of positions) {
    const sum = exact(position);
    const error = Math.abs(result[position] - sum.value);
    // A result of f16 is a sum of f32 that was rounded once more.
    const allowed = tolerance(sum) + (dtype === 'f16' ? HALF_ROUNDOFF * Math.abs(sum.value) : 0);
    if (error > allowed) {
      const [got, wanted] = [result[position], sum.value].map((value) => value.toPrecision(7));
      return { valid: false, statement: `element ${position} is ${got}, and ${wanted} in float64` };
    }
    if (error > 0) worst = Math.max(worst, error / allowed);
  }
  return {
    valid: true,
    statement: `${positions.length} elements agree with float64, the worst at ${(100 * worst).toPrecision(2)} % of the tolerance`,
  };
}
