import { type Operation, record, reshape, ShapeError, type Tensor } from '../../engine/index.js';
import * as kinds from '../../engine/kinds.js';
import { ANY } from '../../engine/operands.js';
import { broadcastShapes, broadcastStrides, formatShape, type Shape, sameShape } from '../../engine/shape.js';
import { signature } from '../../engine/signature.js';
import { checkRank, lowerStridedCopy } from '../movement/strided-copy.js';
import { type ReduceAttributes, type ReduceOptions, reduce, reduceOptions, reduction } from '../reduce/reduction.js';

// One file, because each is the other's gradient.

const broadcastOperation: Operation<{ shape: Shape }> = {
  name: 'broadcastTo',
  operands: { x: ANY },
  shape([x], { shape }) {
    checkRank('broadcastTo', shape.length);
    if (!sameShape(broadcastShapes('broadcastTo', x.shape, shape), shape)) {
      throw new ShapeError(
        `broadcastTo: ${formatShape(x.shape)} cannot become ${formatShape(shape)}; extents of 1 grow, others stay.`,
      );
    }
    return [{ shape, dtype: x.dtype }];
  },
  lower(lowering, [x], [result], { shape }) {
    lowerStridedCopy(lowering, 'broadcastTo', x, result, {
      extents: shape,
      before: shape.map(() => 0),
      lengths: shape,
      strides: broadcastStrides(x.shape, shape),
    });
  },
  gradient: ({ inputs: [x], outputGradients: [dy] }) => [dy && sumTo(dy, x.shape)],
};

const broadcastToTakes = signature('broadcastTo', { x: kinds.tensor, shape: kinds.shape });

/** The tensor repeated along axes of extent 1 to fill `shape`. Counterpart: torch.broadcast_to. */
export function broadcastTo(x: Tensor, shape: Shape): Tensor {
  broadcastToTakes(arguments);
  if (sameShape(x.shape, shape)) return x;
  return record(broadcastOperation, [x], { shape })[0];
}

/** A value for each group of a reduction, repeated for all members of the group: [outer, reduced, inner]. */
export function spread(values: Tensor, { outer, reduced, inner }: ReduceAttributes): Tensor {
  return broadcastTo(reshape(values, [outer, 1, inner]), [outer, reduced, inner]);
}

const sumOperation = reduction('sum', ({ inputs: [x], outputGradients: [dy], attributes }) => [
  dy && reshape(spread(dy, attributes), x.shape),
]);

const sumTakes = signature('sum', { x: kinds.tensor }, reduceOptions);

/** Sum over axes; f32 also for f16, and the number of true values, in i32, for bool. Counterpart: torch.sum. */
export function sum(x: Tensor, options: ReduceOptions = {}): Tensor {
  sumTakes(arguments);
  return reduce(sumOperation, x, options);
}

/**
 * A gradient summed over the axes along which a tensor of `shape` was broadcast, for gradients of operations of your
 * own.
 */
export function sumTo(gradient: Tensor, shape: Shape): Tensor {
  if (sameShape(gradient.shape, shape)) return gradient;
  const lead = gradient.shape.length - shape.length;
  const axes = gradient.shape
    .map((_, axis) => axis)
    .filter((axis) => axis < lead || (shape[axis - lead] === 1 && gradient.shape[axis] !== 1));
  return reshape(sum(gradient, { axes }), shape);
}
