import { kernel, linearGrid, type Operation, record, ShapeError, sizeOf, type Tensor } from 'sonde/engine';
import { LANES, rowUniforms, template } from './kernel.js';

interface Attributes {
  /** Sum from the end of each row. */
  readonly backwards: boolean;
}

/**
 * Sums of the elements up to each, along the last axis: [1, 2, 3] becomes [1, 3, 6]. As `torch.cumsum`.
 *
 * @returns The shape of `x`.
 * @throws ShapeError for a scalar
 */
export function cumulativeSum(x: Tensor): Tensor {
  return record(operation, [x], { backwards: false })[0];
}

const operation: Operation<Attributes> = {
  name: 'cumulativeSum',
  operands: { x: ['f32'] },

  shape([x]) {
    if (x.shape.length === 0) throw new ShapeError('cumulativeSum: x is a scalar; it needs an axis to sum along.');
    return [x];
  },

  lower(lowering, [x], [y], { backwards }) {
    const length = x.shape[x.shape.length - 1];
    const rows = sizeOf(x.shape) / length;
    lowering.dispatch({
      label: backwards ? 'cumulativeSum.gradient' : 'cumulativeSum',
      ...kernel(template, {
        constants: { LANES },
        uniforms: rowUniforms({ rows, length, backwards: Number(backwards) }),
      }),
      bindings: [x, y],
      writes: [1],
      workgroups: linearGrid(rows, 1),
      flops: sizeOf(x.shape),
    });
  },

  /** x[j] is part of every y[i] with i ≥ j, so dx[j] = Σ dy[i] over i ≥ j: the same sum from the other end. */
  gradient({ outputGradients: [dy], attributes: { backwards } }) {
    return [dy && record(operation, [dy], { backwards: !backwards })[0]];
  },
};
