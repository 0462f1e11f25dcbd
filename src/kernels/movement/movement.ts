import { type Operation, record, ShapeError, type Tensor } from '../../engine/index.js';
import * as kinds from '../../engine/kinds.js';
import { ANY } from '../../engine/operands.js';
import { formatShape, normalizeAxes, sizeOf, stridesOf } from '../../engine/shape.js';
import { signature } from '../../engine/signature.js';
import { slice } from './slice.js';
import { checkRank, lowerCopyRows, lowerStridedCopy } from './strided-copy.js';

const transposeOperation: Operation<{ axes: readonly number[] }> = {
  name: 'transpose',
  operands: { x: ANY },
  shape([x], { axes }) {
    checkRank('transpose', x.shape.length);
    return [{ shape: axes.map((axis) => x.shape[axis]), dtype: x.dtype }];
  },
  lower(lowering, [x], [result], { axes }) {
    const strides = stridesOf(x.shape);
    lowerStridedCopy(lowering, 'transpose', x, result, {
      extents: result.shape,
      before: axes.map(() => 0),
      lengths: result.shape,
      strides: axes.map((axis) => strides[axis]),
    });
  },
  gradient: ({ outputGradients: [dy], attributes: { axes } }) => [
    dy && transpose(dy, { axes: axes.map((_, axis) => axes.indexOf(axis)) }),
  ],
};

const transposeTakes = signature<{ axes?: readonly number[] }>(
  'transpose',
  { x: kinds.tensor },
  { axes: kinds.optional(kinds.axes) },
);

/** Axes in another order; reversed by default. Counterpart: torch.permute. */
export function transpose(x: Tensor, { axes }: { axes?: readonly number[] } = {}): Tensor {
  transposeTakes(arguments);
  const rank = x.shape.length;
  const order = axes?.map((axis) => (axis < 0 ? axis + rank : axis)) ?? x.shape.map((_, axis) => rank - 1 - axis);
  if (order.length !== rank) {
    throw new ShapeError(`transpose: ${order.length} axes for a tensor of rank ${rank}; name each axis once.`);
  }
  normalizeAxes('transpose', order, rank);
  if (order.every((axis, i) => axis === i)) return x;
  return record(transposeOperation, [x], { axes: order })[0];
}

export const concatOperation: Operation<{ axis: number }> = {
  name: 'concat',
  operands: { input: ANY },
  shape(inputs, { axis }) {
    const [first] = inputs;
    for (const [i, input] of inputs.entries()) {
      const fits =
        input.shape.length === first.shape.length &&
        input.shape.every((extent, d) => d === axis || extent === first.shape[d]);
      if (!fits) {
        throw new ShapeError(
          `concat: input ${i} is ${formatShape(input.shape)} and input 0 is ${formatShape(first.shape)}; all axes but ${axis} must agree.`,
        );
      }
    }
    const extent = inputs.reduce((total, input) => total + input.shape[axis], 0);
    const other = inputs.findIndex(({ dtype }) => dtype !== first.dtype);
    if (other >= 0) {
      throw new ShapeError(
        `concat: input ${other} is ${inputs[other].dtype} and input 0 is ${first.dtype}; cast one of them.`,
      );
    }
    return [{ shape: first.shape.map((own, d) => (d === axis ? extent : own)), dtype: first.dtype }];
  },
  lower(lowering, inputs, [result], { axis }) {
    const inner = sizeOf(result.shape.slice(axis + 1));
    const resultRow = result.shape[axis] * inner;
    let offset = 0;
    for (const input of inputs) {
      const length = input.shape[axis] * inner;
      const rows = sizeOf(input.shape) / length;
      lowerCopyRows(lowering, 'concat', input, result, [rows, length, length, 0, resultRow, offset]);
      offset += length;
    }
  },
  gradient({ inputs, outputGradients: [dy], attributes: { axis }, wanted }) {
    let at = 0;
    return inputs.map((input, i) => {
      const from = at;
      at += input.shape[axis];
      if (!dy || !wanted[i]) return undefined;
      const start = input.shape.map((_, d) => (d === axis ? from : 0));
      const end = dy.shape.map((extent, d) => (d === axis ? from + input.shape[axis] : extent));
      return slice(dy, { start, end });
    });
  },
};

const concatTakes = signature<{ axis?: number }>(
  'concat',
  { tensors: kinds.tensors },
  { axis: kinds.optional(kinds.integer) },
);

/** Tensors joined along an axis (the last by default). Counterpart: torch.cat. */
export function concat(tensors: readonly Tensor[], { axis = -1 }: { axis?: number } = {}): Tensor {
  concatTakes(arguments);
  if (tensors.length === 0) throw new ShapeError('concat: no tensors; give at least one.');
  const [normalized] = normalizeAxes('concat', [axis], tensors[0].shape.length);
  if (tensors.length === 1) return tensors[0];
  return record(concatOperation, tensors, { axis: normalized })[0];
}
