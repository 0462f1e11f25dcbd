import { type Lowering, type Operation, record, type Tensor, type Value } from '../../engine/index.js';
import * as kinds from '../../engine/kinds.js';
import { FLOATS } from '../../engine/operands.js';
import { sizeOf } from '../../engine/shape.js';
import { signature } from '../../engine/signature.js';
import { kernel } from '../../engine/wgsl/index.js';
import { channelGroups } from '../channel-groups.js';
import { linearGrid } from '../grid.js';
import avgPoolKernel from './avg-pool2d.wgsl';
import gradientKernel from './avg-pool2d-gradient.wgsl';
import { type PoolOptions, type PoolWindow, poolOptions, poolWindow, uniformsOf } from './window.js';
import windowKernel from './window.wgsl';

export interface AvgPoolOptions extends PoolOptions {
  /** Whether padding counts as cells of value zero (true) or not at all. */
  readonly countIncludePad?: boolean;
}

interface Attributes extends PoolWindow {
  readonly countIncludePad: boolean;
}

const avgPool2dTakes = signature<AvgPoolOptions>(
  'avgPool2d',
  { x: kinds.tensor },
  { ...poolOptions, countIncludePad: kinds.optional(kinds.flag) },
);

/**
 * The mean under each position of a sliding window, as `torch.nn.functional.avg_pool2d`.
 *
 * @param x [N, H, W, C].
 * @returns [N, ⌊(H + 2·padding − kernelSize) / stride⌋ + 1, likewise W, C].
 * @throws ShapeError for another rank, padding above half the kernel size, or a window that does not fit.
 */
export function avgPool2d(x: Tensor, options: AvgPoolOptions): Tensor {
  avgPool2dTakes(arguments);
  const { countIncludePad = true } = options;
  return record(avgPoolOperation, [x], { ...poolWindow('avgPool2d', x, options), countIncludePad })[0];
}

const avgPoolOperation: Operation<Attributes> = {
  name: 'avgPool2d',
  operands: { x: FLOATS },

  shape: ([x], { outputShape }) => [{ shape: outputShape, dtype: x.dtype }],

  lower(lowering, [x], [y], attributes) {
    dispatchWindows(lowering, 'avgPool2d', avgPoolKernel, [x, y], y, attributes);
  },

  /** dx[cell] = Σ dy / divisor over the windows above that cell. */
  gradient({ outputGradients: [dy], attributes }) {
    return [dy && record(avgPoolGradient, [dy], attributes)[0]];
  },
};

/** Input dy; output dx. */
const avgPoolGradient: Operation<Attributes> = {
  name: 'avgPool2dGradient',
  operands: { dy: FLOATS },

  shape: ([dy], { inputShape }) => [{ shape: inputShape, dtype: dy.dtype }],

  lower(lowering, [dy], [dx], attributes) {
    dispatchWindows(lowering, 'avgPool2d.gradient', gradientKernel, [dy, dx], dy, attributes);
  },

  /** Average pooling is linear, and this its transpose. */
  gradient({ outputGradients: [u], attributes }) {
    return [u && record(avgPoolOperation, [u], attributes)[0]];
  },
};

/** One invocation for each channel group of the result. */
function dispatchWindows(
  lowering: Lowering,
  label: string,
  template: string,
  bindings: readonly [input: Value, result: Value],
  pooled: Value,
  attributes: Attributes,
): void {
  const { rows, groups, width, vector, stored } = channelGroups(bindings[1]);
  lowering.dispatch({
    label,
    ...kernel(windowKernel + template, {
      constants: { VECTOR: vector, STORED: stored, WIDTH: width, INSIDE_ONLY: !attributes.countIncludePad },
      uniforms: uniformsOf(attributes, groups),
    }),
    bindings,
    writes: [1],
    workgroups: linearGrid(rows * groups),
    flops: attributes.kernel[0] * attributes.kernel[1] * sizeOf(pooled.shape),
  });
}
