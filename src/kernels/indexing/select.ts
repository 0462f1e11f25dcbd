import { cast, type DType, reshape, ShapeError, type Tensor } from '../../engine/index.js';
import * as kinds from '../../engine/kinds.js';
import { normalizeAxes } from '../../engine/shape.js';
import { type OptionKinds, signature } from '../../engine/signature.js';
import { arange } from '../creation/creation.js';
import { equal, isNaN as isNan, logicalOr, where } from '../elementwise/comparison.js';
import { slice } from '../movement/slice.js';
import { max, min } from '../reduce/reduce.js';
import { takeAlongAxis } from './gather.js';
import { argsort, type SortOptions } from './sort.js';

// Compositions of sorting, gathering and comparing.

/** Values, and where they stood along the axis, i32. */
export interface Selection {
  readonly values: Tensor;
  readonly indices: Tensor;
}

const sortOptions: OptionKinds<SortOptions> = {
  axis: kinds.optional(kinds.integer),
  descending: kinds.optional(kinds.flag),
};

const sortTakes = signature('sort', { x: kinds.tensor }, sortOptions);

/**
 * The values sorted along an axis, and where they stood. Equal values keep their order, and NaN counts as the largest.
 * Gradients go to where the values stood. Counterpart: torch.sort with stable=True.
 */
export function sort(x: Tensor, { axis = -1, descending = false }: SortOptions = {}): Selection {
  sortTakes(arguments);
  normalizeAxes('sort', [axis], x.shape.length);
  const indices = argsort(x, { axis, descending });
  return { values: takeAlongAxis(x, indices, { axis }), indices };
}

export interface TopKOptions {
  /** The axis; negative ones count from the end. Default −1. */
  readonly axis?: number;
  /** The largest values, or the smallest. Default true. */
  readonly largest?: boolean;
}

const topKOptions: OptionKinds<TopKOptions> = {
  axis: kinds.optional(kinds.integer),
  largest: kinds.optional(kinds.flag),
};

const topKTakes = signature('topK', { x: kinds.tensor, k: kinds.whole(1) }, topKOptions);

/** The k largest values along an axis, the largest first, and where they stand. Counterpart: torch.topk. */
export function topK(x: Tensor, k: number, { axis = -1, largest = true }: TopKOptions = {}): Selection {
  topKTakes(arguments);
  const [along] = normalizeAxes('topK', [axis], x.shape.length);
  if (k > x.shape[along]) {
    throw new ShapeError(`topK: k is ${k} and axis ${along} has ${x.shape[along]} values; give at most as many.`);
  }
  const end = x.shape.map((extent, d) => (d === along ? k : extent));
  const indices = slice(argsort(x, { axis, descending: largest }), { end });
  return { values: takeAlongAxis(x, indices, { axis }), indices };
}

export interface ArgOptions {
  /** The axis; negative ones count from the end. Absent: all values, row-major. */
  readonly axis?: number;
  /** Keep the axis as an extent of 1. */
  readonly keepDims?: boolean;
}

const argOptions: OptionKinds<ArgOptions> = {
  axis: kinds.optional(kinds.integer),
  keepDims: kinds.optional(kinds.flag),
};

/**
 * The first place of the extreme value, or of NaN, which counts as extreme: the smallest number of a place that has it.
 */
function placeOf(name: string, extreme: typeof max, x: Tensor, { axis, keepDims = false }: ArgOptions): Tensor {
  const list = axis === undefined ? reshape(x, [x.size]) : x;
  const [along] = normalizeAxes(name, [axis ?? 0], list.shape.length);
  const count = list.shape[along];
  const places = reshape(
    arange(x.device, 0, count),
    list.shape.map((_, d) => (d === along ? count : 1)),
  );
  const found = logicalOr(equal(list, extreme(list, { axes: [along], keepDims: true })), isNan(list));
  const place = min(where(found, places, count), { axes: [along], keepDims: keepDims && axis !== undefined });
  return keepDims && axis === undefined
    ? reshape(
        place,
        x.shape.map(() => 1),
      )
    : place;
}

const argmaxTakes = signature('argmax', { x: kinds.tensor }, argOptions);

/** Where the largest value stands along an axis, the first of equal ones and of NaN, i32. Counterpart: torch.argmax. */
export function argmax(x: Tensor, options: ArgOptions = {}): Tensor {
  argmaxTakes(arguments);
  return placeOf('argmax', max, x, options);
}

const argminTakes = signature('argmin', { x: kinds.tensor }, argOptions);

/**
 * Where the smallest value stands along an axis, the first of equal ones and of NaN, i32. Counterpart: torch.argmin.
 */
export function argmin(x: Tensor, options: ArgOptions = {}): Tensor {
  argminTakes(arguments);
  return placeOf('argmin', min, x, options);
}

const oneHotTakes = signature<{ dtype?: DType }>(
  'oneHot',
  { indices: kinds.indices, classes: kinds.whole(1) },
  { dtype: kinds.optional(kinds.dtype) },
);

/**
 * For each index a row of `classes` values, 1 at the index and 0 elsewhere: [..., classes], f32 if no type is given. An
 * index that lies outside gives a row of 0. Counterpart: torch.nn.functional.one_hot.
 */
export function oneHot(indices: Tensor, classes: number, { dtype = 'f32' }: { dtype?: DType } = {}): Tensor {
  oneHotTakes(arguments);
  const numbers = arange(indices.device, 0, classes);
  return cast(equal(reshape(cast(indices, 'i32'), [...indices.shape, 1]), numbers), dtype);
}
