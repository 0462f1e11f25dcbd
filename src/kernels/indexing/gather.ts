import { cast, type Operation, record, reshape, ShapeError, type Tensor } from '../../engine/index.js';
import * as kinds from '../../engine/kinds.js';
import { ANY, INDICES } from '../../engine/operands.js';
import { formatShape, isFloat, normalizeAxes, type Shape, sizeOf, storageType } from '../../engine/shape.js';
import { signature } from '../../engine/signature.js';
import { kernel, uniforms } from '../../engine/wgsl/index.js';
import { less, where } from '../elementwise/comparison.js';
import { add } from '../elementwise/elementwise.js';
import { linearGrid } from '../grid.js';
import { type AxisOptions, axisOptions } from '../movement/rearrange.js';
import gatherSource from './gather.wgsl';
import scatterSource from './scatter.wgsl';
import { argsort } from './sort.js';

// One file, because gathering and adding up are each the other's gradient.

/** A tensor of [outer, extent, inner], of which `picked` places along the middle are taken, or added to. */
interface Places {
  readonly outer: number;
  readonly extent: number;
  readonly inner: number;
  readonly picked: number;
  /** Whether each o and i has indices of its own, [outer, picked, inner]; otherwise all share [picked]. */
  readonly own: boolean;
}

const placesUniforms = uniforms({
  ...({ count: 'u32', extent: 'u32', inner: 'u32', picked: 'u32' } as const),
  ...({ indexOuter: 'u32', indexStride: 'u32', indexInner: 'u32' } as const),
});

function uniformsOf({ extent, inner, picked, own }: Places, count: number) {
  const strides = own
    ? { indexOuter: picked * inner, indexStride: inner, indexInner: 1 }
    : { indexOuter: 0, indexStride: 1, indexInner: 0 };
  return placesUniforms({ count, extent, inner, picked, ...strides });
}

/** A value that shows that an index lies outside: NaN, and 0 where there is none. */
const NOTHING = {
  f32: 'bitcast<f32>(0x7fc00000u | (uniforms.count & 1u))',
  f16: 'f16(bitcast<f32>(0x7fc00000u | (uniforms.count & 1u)))',
  i32: '0i',
  u32: '0u',
};

const gatherOperation: Operation<Places> = {
  name: 'gather',
  operands: { x: ANY, indices: INDICES },
  shape: ([x], { outer, picked, inner }) => [{ shape: [outer, picked, inner], dtype: x.dtype }],
  lower(lowering, [x, indices], [result], places) {
    const count = sizeOf(result.shape);
    const type = storageType(x.dtype);
    lowering.dispatch({
      label: 'gather',
      ...kernel(gatherSource, {
        constants: { X: type, INDEX: indices.dtype, SIGNED: indices.dtype === 'i32', NOTHING: NOTHING[type] },
        uniforms: uniformsOf(places, count),
      }),
      bindings: [x, indices, result],
      writes: [2],
      workgroups: linearGrid(count),
    });
  },
  gradient: ({ inputs: [x, indices], outputGradients: [dy], attributes }) => [
    dy && reshape(scatter(dy, indices, attributes), x.shape),
    undefined,
  ],
};

const scatterOperation: Operation<Places> = {
  name: 'scatterAdd',
  operands: { source: ANY, indices: INDICES, order: INDICES },
  shape: ([source], { outer, extent, inner }) => [
    { shape: [outer, extent, inner], dtype: isFloat(source.dtype) ? 'f32' : source.dtype },
  ],
  lower(lowering, [source, indices, order], [result], places) {
    const count = sizeOf(result.shape);
    lowering.dispatch({
      label: 'scatterAdd',
      ...kernel(scatterSource, {
        constants: { SOURCE: storageType(source.dtype), INDEX: indices.dtype, RESULT: storageType(result.dtype) },
        uniforms: uniformsOf(places, count),
      }),
      bindings: [source, indices, order, result],
      writes: [3],
      workgroups: linearGrid(count),
      flops: sizeOf(source.shape),
    });
  },
  gradient: ({ inputs: [source, indices], outputGradients: [dy], attributes }) => [
    dy && reshape(record(gatherOperation, [dy, indices], attributes)[0], source.shape),
    undefined,
    undefined,
  ],
};

function scatter(source: Tensor, indices: Tensor, places: Places): Tensor {
  const { outer, picked, inner, own } = places;
  const fromStart = indices.dtype === 'i32' ? where(less(indices, 0), add(indices, places.extent), indices) : indices;
  const list = reshape(fromStart, own ? [outer, picked, inner] : [picked]);
  return record(scatterOperation, [source, list, argsort(list, { axis: own ? 1 : 0 })], places)[0];
}

function placesOf(shape: Shape, axis: number, picked: number, own: boolean): Places {
  const [outer, inner] = [sizeOf(shape.slice(0, axis)), sizeOf(shape.slice(axis + 1))];
  return { outer, extent: shape[axis], inner, picked, own };
}

const gatherTakes = signature<AxisOptions>('gather', { x: kinds.tensor, indices: kinds.indices }, axisOptions);

/**
 * The slices x[…, index, …] along an axis (the first by default), one for each index. Negative indices count from the
 * end; one that lies outside gives NaN, or 0 where there is no NaN. Counterpart: `x[indices]` and torch.index_select,
 * tf.gather.
 *
 * @param indices Of i32 or u32, in any shape, which takes the place of the axis in the result.
 */
export function gather(x: Tensor, indices: Tensor, { axis = 0 }: AxisOptions = {}): Tensor {
  gatherTakes(arguments);
  const [along] = normalizeAxes('gather', [axis], x.shape.length);
  const places = placesOf(x.shape, along, indices.size, false);
  const result = record(gatherOperation, [x, indices], places)[0];
  return reshape(result, [...x.shape.slice(0, along), ...indices.shape, ...x.shape.slice(along + 1)]);
}

const takeTakes = signature<AxisOptions>('takeAlongAxis', { x: kinds.tensor, indices: kinds.indices }, axisOptions);

/**
 * Elements along an axis (the last by default), each by its own index, as argsort gives them. Negative indices count
 * from the end; one that lies outside gives NaN, or 0 where there is no NaN. Counterpart: torch.gather,
 * torch.take_along_dim.
 *
 * @param indices Of i32 or u32, of the shape of x but along the axis.
 */
export function takeAlongAxis(x: Tensor, indices: Tensor, { axis = -1 }: AxisOptions = {}): Tensor {
  takeTakes(arguments);
  const along = checkAlong('takeAlongAxis', x.shape, 'indices', indices.shape, axis);
  const places = placesOf(x.shape, along, indices.shape[along], true);
  return reshape(record(gatherOperation, [x, indices], places)[0], indices.shape);
}

function checkAlong(name: string, shape: Shape, other: string, otherShape: Shape, axis: number): number {
  const [along] = normalizeAxes(name, [axis], shape.length);
  if (otherShape.length !== shape.length || otherShape.some((extent, d) => d !== along && extent !== shape[d])) {
    throw new ShapeError(
      `${name}: ${other} of shape ${formatShape(otherShape)} for x of shape ${formatShape(shape)}; they must agree on all axes but ${along}.`,
    );
  }
  return along;
}

const scatterTakes = signature<AxisOptions>(
  'scatterAdd',
  { x: kinds.tensor, indices: kinds.indices, source: kinds.tensor },
  axisOptions,
);

/**
 * x with the elements of `source` added at their indices along an axis (the last by default). What meets at one index
 * is added in the order of `source`: the same inputs give the same bits. An index that lies outside adds nothing.
 * Counterpart: torch.scatter_add.
 *
 * @param indices Of i32 or u32, of the shape of `source`.
 * @param source Of the type of x and of its shape but along the axis.
 */
export function scatterAdd(x: Tensor, indices: Tensor, source: Tensor, { axis = -1 }: AxisOptions = {}): Tensor {
  scatterTakes(arguments);
  const along = checkAlong('scatterAdd', x.shape, 'source', source.shape, axis);
  checkAlong('scatterAdd', x.shape, 'indices', indices.shape, axis);
  if (indices.shape[along] !== source.shape[along] || source.dtype !== x.dtype || x.dtype === 'bool') {
    throw new ShapeError(
      `scatterAdd: indices (${indices}), source (${source}) and x (${x}); give as many indices as source has elements, and ` +
        'numbers of one type, perhaps with cast.',
    );
  }
  const sums = scatter(source, indices, placesOf(x.shape, along, source.shape[along], true));
  return add(x, cast(reshape(sums, x.shape), x.dtype));
}

const embeddingTakes = signature('embedding', { indices: kinds.indices, weight: kinds.tensor });

/**
 * The rows of a table, one for each index: [..., features]. Counterpart: torch.nn.functional.embedding.
 *
 * @param indices Of i32 or u32, in any shape.
 * @param weight [number of embeddings, features]
 */
export function embedding(indices: Tensor, weight: Tensor): Tensor {
  embeddingTakes(arguments);
  if (weight.shape.length !== 2) {
    throw new ShapeError(`embedding: weight is ${weight}, and it needs 2 axes: number of embeddings and features.`);
  }
  return gather(weight, indices);
}
