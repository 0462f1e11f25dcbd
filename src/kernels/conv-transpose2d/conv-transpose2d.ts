import { ShapeError } from '../../engine/errors.js';
import { record } from '../../engine/graph.js';
import * as kinds from '../../engine/kinds.js';
import { F32, FLOATS } from '../../engine/operands.js';
import type { Operation } from '../../engine/operation.js';
import { formatShape } from '../../engine/shape.js';
import { signature } from '../../engine/signature.js';
import type { Tensor } from '../../engine/tensor.js';
import { convInputGradientOperation, type InputGradientAttributes } from '../conv2d/conv2d.js';
import { checkBias, checkGroups, checkRanks, convOptions, type Pair, pairOf } from '../conv2d/geometry.js';
import { KERNEL_VARIANTS, type KernelVariant } from '../implicit-gemm/variants.js';

export interface ConvTranspose2dOptions {
  /** One value per output channel, [outC]. */
  readonly bias?: Tensor;
  readonly stride?: number | Pair;
  /** What `conv2d` would pad: cut off on both sides of each axis. */
  readonly padding?: number | Pair;
  /**
   * Rows and columns added at the bottom and the right, fewer than the stride: settles which of several sizes is meant.
   */
  readonly outputPadding?: number | Pair;
  readonly dilation?: number | Pair;
  readonly groups?: number;
  /** Kernel to run on; chosen from the adapter when absent. */
  readonly variant?: KernelVariant;
}

const convTranspose2dTakes = signature<ConvTranspose2dOptions>(
  'convTranspose2d',
  { x: kinds.tensor, weight: kinds.tensor },
  {
    ...convOptions,
    outputPadding: kinds.optional(kinds.pair(kinds.whole(0))),
    variant: kinds.optional(kinds.oneOf(...KERNEL_VARIANTS)),
  },
);

/**
 * Transposed convolution, as PyTorch's `conv_transpose2d`: each input pixel adds its kernel, weighted, to the output at
 * `stride` times its place. It is the gradient by the input of a convolution that leads from the output's size to x's,
 * with the same weight, and is recorded as that.
 * @param x Images [N, H, W, inC].
 * @param weight Kernels [inC, kH, kW, outC / groups].
 * @returns [N, outH, outW, outC], outH = (H − 1)·stride − 2·padding + dilation·(kH − 1) + outputPadding + 1.
 * @throws ShapeError for channels that do not match, groups that do not divide, an outputPadding of `stride` or more,
 * or a padding that leaves no output.
 */
export function convTranspose2d(x: Tensor, weight: Tensor, options: ConvTranspose2dOptions = {}): Tensor {
  convTranspose2dTakes(arguments);
  const name = 'convTranspose2d';
  const { bias, groups = 1, variant } = options;
  const stride = pairOf(options.stride ?? 1);
  const padding = pairOf(options.padding ?? 0);
  const dilation = pairOf(options.dilation ?? 1);
  const outputPadding = pairOf(options.outputPadding ?? 0);

  checkRanks(name, x.shape, weight.shape);
  const [inC, kernelH, kernelW, groupOut] = weight.shape;
  checkGroups(name, groups, inC, groupOut * groups);
  if (x.shape[3] !== inC) {
    throw new ShapeError(
      `${name}: weight expects ${inC} input channels, x has ${x.shape[3]} (shape ${formatShape(x.shape)}); weight is ` +
        `[inC, kH, kW, outC / groups] and here ${formatShape(weight.shape)}.`,
    );
  }
  if (bias) checkBias(name, bias.shape, groupOut * groups);
  if (outputPadding[0] >= stride[0] || outputPadding[1] >= stride[1]) {
    throw new ShapeError(
      `${name}: outputPadding ${outputPadding.join('×')} must be smaller than stride ${stride.join('×')} on both axes; ` +
        'enlarge the stride, or pad the result.',
    );
  }
  const extent = (axis: 0 | 1, kernel: number) =>
    (x.shape[1 + axis] - 1) * stride[axis] -
    2 * padding[axis] +
    dilation[axis] * (kernel - 1) +
    outputPadding[axis] +
    1;
  const inputSize: Pair = [extent(0, kernelH), extent(1, kernelW)];
  if (inputSize[0] < 1 || inputSize[1] < 1) {
    throw new ShapeError(
      `${name}: padding ${padding.join('×')} leaves an output of ${inputSize.join('×')} pixels from x ` +
        `${formatShape(x.shape)}; pad less.`,
    );
  }
  const attributes = { stride, padding, dilation, groups, inputSize, variant };
  return record(convTranspose2dOperation, bias ? [x, weight, bias] : [x, weight], attributes)[0];
}

/** Inputs x, weight and, if there is one, bias. */
export const convTranspose2dOperation: Operation<InputGradientAttributes> = {
  ...convInputGradientOperation,
  name: 'convTranspose2d',
  operands: { x: FLOATS, weight: FLOATS, bias: F32 },
};
