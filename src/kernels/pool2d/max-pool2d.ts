import { type Operation, record, type Tensor } from '../../engine/index.js';
import * as kinds from '../../engine/kinds.js';
import { FLOATS, U32 } from '../../engine/operands.js';
import { sizeOf } from '../../engine/shape.js';
import { signature } from '../../engine/signature.js';
import { kernel, uniforms } from '../../engine/wgsl/index.js';
import { channelGroups } from '../channel-groups.js';
import { linearGrid } from '../grid.js';
import { withNan } from '../nan.js';
import maxPoolKernel from './max-pool2d.wgsl';
import gatherKernel from './max-pool2d-gather.wgsl';
import gradientKernel from './max-pool2d-gradient.wgsl';
import { type PoolOptions, type PoolWindow, poolOptions, poolWindow, uniformsOf } from './window.js';
import windowKernel from './window.wgsl';

const maxPool2dTakes = signature('maxPool2d', { x: kinds.tensor }, poolOptions);

/**
 * The largest value under each position of a sliding window, as `torch.nn.functional.max_pool2d` (padding counts as
 * −∞). Among equal maxima the first in row-major order gets the gradient.
 *
 * @param x [N, H, W, C].
 * @returns [N, ⌊(H + 2·padding − kernelSize) / stride⌋ + 1, likewise W, C].
 * @throws ShapeError for another rank, padding above half the kernel size, or a window that does not fit.
 */
export function maxPool2d(x: Tensor, options: PoolOptions): Tensor {
  maxPool2dTakes(arguments);
  return record(maxPoolOperation, [x], poolWindow('maxPool2d', x, options))[0];
}

/** Outputs: the maxima, and the cell (row · W + column) each came from. */
export const maxPoolOperation: Operation<PoolWindow> = {
  name: 'maxPool2d',
  operands: { x: FLOATS },

  shape: ([x], { outputShape }) => [
    { shape: outputShape, dtype: x.dtype },
    { shape: outputShape, dtype: 'u32' },
  ],

  lower(lowering, [x], [y, argmax], window) {
    const { rows, groups, width, vector, stored, indexVector } = channelGroups(y);
    lowering.dispatch({
      label: 'maxPool2d',
      ...kernel(withNan(windowKernel + maxPoolKernel, vector), {
        constants: {
          VECTOR: vector,
          STORED: stored,
          INDEX_VECTOR: indexVector,
          WIDTH: width,
        },
        uniforms: uniformsOf(window, groups),
      }),
      bindings: [x, y, argmax],
      writes: [1, 2],
      workgroups: linearGrid(rows * groups),
      flops: window.kernel[0] * window.kernel[1] * sizeOf(y.shape),
    });
  },

  /** dx[cell] = Σ dy over the windows whose maximum is that cell. */
  gradient({ outputs: [, argmax], outputGradients: [dy], attributes }) {
    return [dy && record(maxPoolGradient, [dy, argmax], attributes)[0]];
  },
};

/** Inputs dy, argmax; output dx. */
const maxPoolGradient: Operation<PoolWindow> = {
  name: 'maxPool2dGradient',
  operands: { dy: FLOATS, argmax: U32 },

  shape: ([dy], { inputShape }) => [{ shape: inputShape, dtype: dy.dtype }],

  lower(lowering, [dy, argmax], [dx], window) {
    const { rows, groups, width, vector, stored, indexVector } = channelGroups(dx);
    lowering.dispatch({
      label: 'maxPool2d.gradient',
      ...kernel(windowKernel + gradientKernel, {
        constants: {
          VECTOR: vector,
          STORED: stored,
          INDEX_VECTOR: indexVector,
          WIDTH: width,
        },
        uniforms: uniformsOf(window, groups),
      }),
      bindings: [dy, argmax, dx],
      writes: [2],
      workgroups: linearGrid(rows * groups),
      flops: window.kernel[0] * window.kernel[1] * sizeOf(dy.shape),
    });
  },

  /** By dy of a window: what arrives at the cell that was its maximum. */
  gradient({ inputs: [, argmax], outputGradients: [u], attributes }) {
    return [u && record(maxPoolGather, [u, argmax], attributes)[0], undefined];
  },
};

/** `windows` and `cells` are those of one image. */
const atMaximaUniforms = uniforms({ count: 'u32', channels: 'u32', windows: 'u32', cells: 'u32' });

/** Inputs x and argmax; output the values of x at those cells, of argmax's shape. */
const maxPoolGather: Operation<PoolWindow> = {
  name: 'maxPool2dGather',
  operands: { x: FLOATS, argmax: U32 },

  shape: ([x], { outputShape }) => [{ shape: outputShape, dtype: x.dtype }],

  lower(lowering, [x, argmax], [y], { inputShape, outputShape }) {
    const [, height, width, channels] = inputShape;
    const count = sizeOf(outputShape);
    lowering.dispatch({
      label: 'maxPool2d.gather',
      ...kernel(gatherKernel, {
        constants: { TYPE: x.dtype },
        uniforms: atMaximaUniforms({
          count,
          channels,
          windows: outputShape[1] * outputShape[2],
          cells: height * width,
        }),
      }),
      bindings: [x, argmax, y],
      writes: [2],
      workgroups: linearGrid(count),
    });
  },

  gradient({ inputs: [, argmax], outputGradients: [dy], attributes }) {
    return [dy && record(maxPoolGradient, [dy, argmax], attributes)[0], undefined];
  },
};
