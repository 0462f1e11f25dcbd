import { cast, reshape, type Tensor } from '../../engine/index.js';
import * as kinds from '../../engine/kinds.js';
import { normalizeAxes, type Shape, sizeOf } from '../../engine/shape.js';
import { type OptionKinds, signature } from '../../engine/signature.js';
import { sum } from '../broadcast/broadcast.js';
import { unary } from '../elementwise/broadcasting.js';
import { equal, isFinite as isFiniteNumber, notEqual, where } from '../elementwise/comparison.js';
import { abs, add, div, exp, log, mul, sqrt, sub } from '../elementwise/elementwise.js';
import { pow } from '../elementwise/mathematics.js';
import { concat, transpose } from '../movement/movement.js';
import { slice } from '../movement/slice.js';
import { max, mean, min, sumOfSquares } from './reduce.js';
import { type ReduceOptions, reduceOptions } from './reduction.js';

// Compositions of reductions and pointwise operations, whose gradients they have.

/** The value, as a constant: gradients end here. Counterpart: torch.Tensor.detach. */
export const detach = unary({ name: 'detach', body: 'return x;', whole: 'return x;', gradient: () => [undefined] });

/** The shape of x after a reduction over such axes. */
function reducedShape(shape: Shape, axes: readonly number[], keepDims: boolean): number[] {
  return shape.flatMap((extent, axis) => (!axes.includes(axis) ? [extent] : keepDims ? [1] : []));
}

const prodTakes = signature('prod', { x: kinds.tensor }, reduceOptions);

/**
 * Product over axes; f32 also for f16, and for bool whether all are true. Computed as a tree of products of halves, so
 * that its gradient is exact where factors are 0. Counterpart: torch.prod.
 */
export function prod(x: Tensor, { axes, keepDims = false }: ReduceOptions = {}): Tensor {
  prodTakes(arguments);
  const reduced = normalizeAxes('prod', axes, x.shape.length);
  const kept = x.shape.map((_, axis) => axis).filter((axis) => !reduced.includes(axis));
  const count = sizeOf(reduced.map((axis) => x.shape[axis]));
  let factors = reshape(transpose(x.dtype === 'f16' ? cast(x, 'f32') : x, { axes: [...reduced, ...kept] }), [
    count,
    -1,
  ]);
  while (factors.shape[0] > 1) {
    const [rows, columns] = factors.shape;
    const half = Math.floor(rows / 2);
    const part = (start: number, end: number) => slice(factors, { start: [start, 0], end: [end, columns] });
    const products = mul(part(0, half), part(half, 2 * half));
    factors = rows % 2 === 0 ? products : concat([products, part(2 * half, rows)], { axis: 0 });
  }
  return reshape(factors, reducedShape(x.shape, reduced, keepDims));
}

const anyTakes = signature('any', { x: kinds.tensor }, reduceOptions);

/** Whether any value over axes is true, that is, not 0. Counterpart: torch.any. */
export function any(x: Tensor, options: ReduceOptions = {}): Tensor {
  anyTakes(arguments);
  return max(cast(x, 'bool'), options);
}

const allTakes = signature('all', { x: kinds.tensor }, reduceOptions);

/** Whether all values over axes are true, that is, not 0. Counterpart: torch.all. */
export function all(x: Tensor, options: ReduceOptions = {}): Tensor {
  allTakes(arguments);
  return min(cast(x, 'bool'), options);
}

export interface VarianceOptions extends ReduceOptions {
  /** What is taken off the number of values before it divides: 1 for samples, 0 for all there are. Default 1. */
  readonly correction?: number;
}

const varianceOptions: OptionKinds<VarianceOptions> = { ...reduceOptions, correction: kinds.optional(kinds.finite) };

function varianceOf(name: string, x: Tensor, { axes, keepDims = false, correction = 1 }: VarianceOptions): Tensor {
  const reduced = normalizeAxes(name, axes, x.shape.length);
  const count = sizeOf(reduced.map((axis) => x.shape[axis]));
  const deviations = sub(x, mean(x, { axes: reduced, keepDims: true }));
  return div(sumOfSquares(deviations, { axes: reduced, keepDims }), Math.max(0, count - correction));
}

const varianceTakes = signature('variance', { x: kinds.float }, varianceOptions);

/** Variance over axes, unbiased unless `correction` is 0; NaN for one value. Counterpart: torch.var. */
export function variance(x: Tensor, options: VarianceOptions = {}): Tensor {
  varianceTakes(arguments);
  return varianceOf('variance', x, options);
}

const stdTakes = signature('std', { x: kinds.float }, varianceOptions);

/** Standard deviation over axes, the square root of {@link variance}. Counterpart: torch.std. */
export function std(x: Tensor, options: VarianceOptions = {}): Tensor {
  stdTakes(arguments);
  return sqrt(varianceOf('std', x, options));
}

export interface NormOptions extends ReduceOptions {
  /** The order: (Σ |x|ᵖ)^(1/p), for ±∞ the largest or smallest |x|, for 0 how many are not 0. Default 2. */
  readonly p?: number;
}

const normOptions: OptionKinds<NormOptions> = { ...reduceOptions, p: kinds.optional(kinds.number) };

const normTakes = signature('norm', { x: kinds.float }, normOptions);

/** The norm of order p over axes, with gradient 0 where it is 0. Counterpart: torch.linalg.vector_norm. */
export function norm(x: Tensor, { p = 2, ...options }: NormOptions = {}): Tensor {
  normTakes(arguments);
  if (p === Number.POSITIVE_INFINITY) return max(abs(x), options);
  if (p === Number.NEGATIVE_INFINITY) return min(abs(x), options);
  if (p === 0) return cast(sum(notEqual(x, 0), options), 'f32');
  if (p === 1) return sum(abs(x), options);
  const none = equal(x, 0);
  const total = p === 2 ? sumOfSquares(x, options) : sum(where(none, 0, pow(where(none, 1, abs(x)), p)), options);
  const isZero = equal(total, 0);
  const positive = where(isZero, 1, total);
  return where(isZero, 0, p === 2 ? sqrt(positive) : pow(positive, 1 / p));
}

const logSumExpTakes = signature('logSumExp', { x: kinds.float }, reduceOptions);

/** log Σ eˣ over axes, without overflow. Counterpart: torch.logsumexp. */
export function logSumExp(x: Tensor, { axes, keepDims = false }: ReduceOptions = {}): Tensor {
  logSumExpTakes(arguments);
  const reduced = normalizeAxes('logSumExp', axes, x.shape.length);
  const largest = detach(max(x, { axes: reduced, keepDims: true }));
  const shift = where(isFiniteNumber(largest), largest, 0);
  const result = add(log(sum(exp(sub(x, shift)), { axes: reduced, keepDims: true })), shift);
  return keepDims ? result : reshape(result, reducedShape(x.shape, reduced, false));
}
