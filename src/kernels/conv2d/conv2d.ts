import { ShapeError } from '../../engine/errors.js';
import { record } from '../../engine/graph.js';
import * as kinds from '../../engine/kinds.js';
import { F32, FLOATS } from '../../engine/operands.js';
import type { Operation } from '../../engine/operation.js';
import { formatShape, sameShape } from '../../engine/shape.js';
import { signature } from '../../engine/signature.js';
import type { Tensor } from '../../engine/tensor.js';
import { sum } from '../broadcast/broadcast.js';
import { CONV_VARIANTS, type ConvVariant, chooseConvVariant, convVariantsFor } from '../implicit-gemm/variants.js';
import { absorbByConvolution } from './epilogue.js';
import {
  type ConvAttributes,
  checkBias,
  convOptions,
  convOutputShape,
  inputGradientAxes,
  type Pair,
  pairOf,
} from './geometry.js';
import { gemmExtent, gemmVariant, lowerConvolution, lowerImplicitGemm, widen } from './implicit-gemm.js';
import { lowerWeightGradient, weightGradientExtent } from './weight-gradient.js';
import { checkWinograd } from './winograd.js';
import { lowerWinogradWeightGradient } from './winograd-weight-gradient.js';

// Convolution is bilinear, y = conv(x, w), so three operations close under differentiation: the forward pass, its
// gradient by the input and its gradient by the weight. Each one's gradients are the other two.

export interface Conv2dOptions {
  /** One value per output channel, [outC]. */
  readonly bias?: Tensor;
  readonly stride?: number | Pair;
  /** Zeros on both sides of each axis. */
  readonly padding?: number | Pair;
  readonly dilation?: number | Pair;
  readonly groups?: number;
  /** Kernel to run on; chosen from the adapter when absent. */
  readonly variant?: ConvVariant;
}

export interface InputGradientAttributes extends ConvAttributes {
  /** Height and width of the convolution's input. */
  readonly inputSize: Pair;
}

export interface WeightGradientAttributes extends ConvAttributes {
  /** Height and width of the convolution's kernel. */
  readonly kernelSize: Pair;
}

const conv2dTakes = signature<Conv2dOptions>(
  'conv2d',
  { x: kinds.tensor, weight: kinds.tensor },
  { ...convOptions, variant: kinds.optional(kinds.oneOf(...CONV_VARIANTS)) },
);

/**
 * Cross-correlation of images with kernels, as PyTorch's `conv2d`:
 * y[n, oh, ow, o] = bias[o] + Σ x[n, oh·stride − padding + i·dilation, …, k] · weight[o, i, j, k].
 * @param x Images [N, H, W, inC], f32 or f16. Sums are f32 in any case.
 * @param weight Kernels [outC, kH, kW, inC / groups], f32; its gradient is f32 too.
 * @returns [N, outH, outW, outC], of x's type; outH = ⌊(H + 2·padding − dilation·(kH − 1) − 1) / stride⌋ + 1.
 * @throws ShapeError for channels that do not match, a kernel larger than the padded image, groups that do not divide.
 */
export function conv2d(x: Tensor, weight: Tensor, options: Conv2dOptions = {}): Tensor {
  conv2dTakes(arguments);
  const { bias, stride = 1, padding = 0, dilation = 1, groups = 1, variant } = options;
  const attributes: ConvAttributes = {
    stride: pairOf(stride),
    padding: pairOf(padding),
    dilation: pairOf(dilation),
    groups,
    variant,
  };
  return record(conv2dOperation, bias ? [x, weight, bias] : [x, weight], attributes)[0];
}

/** Inputs x, weight and, if there is one, bias. */
export const conv2dOperation: Operation<ConvAttributes> = {
  name: 'conv2d',
  operands: { x: FLOATS, weight: FLOATS, bias: F32 },

  shape([x, weight, bias], attributes) {
    const shape = convOutputShape('conv2d', x.shape, weight.shape, attributes);
    checkWinograd('conv2d', weight.shape, attributes);
    if (bias) checkBias('conv2d', bias.shape, shape[3]);
    return [{ shape, dtype: x.dtype }];
  },

  variants(inputs, attributes, adapter) {
    const [y] = this.shape(inputs, attributes);
    return convVariantsFor(adapter, gemmExtent(adapter, y, inputs[1].shape, attributes));
  },

  lower: lowerConvolution,
  absorb: absorbByConvolution,

  gradient({ inputs: [x, weight, bias], attributes, outputGradients: [dy], wanted }) {
    if (!dy) return [];
    return [
      wanted[0] ? convInputGradient(dy, weight, { ...attributes, inputSize: [x.shape[1], x.shape[2]] }) : undefined,
      wanted[1]
        ? convWeightGradient(x, dy, { ...attributes, kernelSize: [weight.shape[1], weight.shape[2]] })
        : undefined,
      bias && wanted[2] ? sum(dy, { axes: [0, 1, 2] }) : undefined,
    ];
  },
};

/**
 * The gradient of `conv2d` by x: gx[n, ih, iw, k] = Σ dy[n, oh, ow, o] · weight[o, i, j, k] over all oh·stride −
 * padding + i·dilation = ih (and likewise iw). With a bias [inC] it is the transposed convolution.
 */
export function convInputGradient(dy: Tensor, weight: Tensor, attributes: InputGradientAttributes): Tensor {
  return record(convInputGradientOperation, [dy, weight], attributes)[0];
}

export const convInputGradientOperation: Operation<InputGradientAttributes> = {
  name: 'conv2d.inputGradient',
  operands: { dy: FLOATS, weight: FLOATS, bias: F32 },

  shape([dy, weight, bias], attributes) {
    const channels = weight.shape[3] * attributes.groups;
    const shape = [dy.shape[0], ...attributes.inputSize, channels];
    checkCotangent(this.name, dy.shape, convOutputShape(this.name, shape, weight.shape, attributes));
    checkWinograd(this.name, weight.shape, attributes);
    if (bias) checkBias(this.name, bias.shape, channels);
    return [{ shape, dtype: dy.dtype }];
  },

  variants(inputs, attributes, adapter) {
    const [y] = this.shape(inputs, attributes);
    return convVariantsFor(adapter, gemmExtent(adapter, y, inputs[1].shape, attributes));
  },

  lower(lowering, [dy, weight, bias], [gx], attributes) {
    const { stride, padding, dilation, groups } = attributes;
    const axes = (a: 0 | 1) =>
      inputGradientAxes(gx.shape[1 + a], weight.shape[1 + a], stride[a], padding[a], dilation[a]);
    lowerImplicitGemm(lowering, {
      label: 'conv2d.inputGradient',
      ...{ x: dy, weight, bias, y: gx, groups },
      variant: gemmVariant(lowering, gx, weight.shape, attributes),
      weightFirst: 'summed',
      vertical: axes(0),
      horizontal: axes(1),
    });
  },

  gradient({ inputs: [dy, weight, bias], attributes, outputGradients: [u], wanted }) {
    if (!u) return [];
    const { inputSize: _, ...convolution } = attributes;
    return [
      wanted[0] ? record(conv2dOperation, [u, weight], convolution)[0] : undefined,
      wanted[1]
        ? convWeightGradient(u, dy, { ...convolution, kernelSize: [weight.shape[1], weight.shape[2]] })
        : undefined,
      bias && wanted[2] ? sum(u, { axes: [0, 1, 2] }) : undefined,
    ];
  },
};

/**
 * The gradient of `conv2d` by its weight: gw[o, i, j, k] = Σ dy[n, oh, ow, o] · x[n, oh·stride − padding + i·dilation,
 * …, k].
 */
export function convWeightGradient(x: Tensor, dy: Tensor, attributes: WeightGradientAttributes): Tensor {
  return record(convWeightGradientOperation, [x, dy], attributes)[0];
}

export const convWeightGradientOperation: Operation<WeightGradientAttributes> = {
  name: 'conv2d.weightGradient',
  operands: { x: FLOATS, dy: FLOATS },

  shape([x, dy], attributes) {
    const shape = [dy.shape[3], ...attributes.kernelSize, x.shape[3] / attributes.groups];
    checkCotangent(this.name, dy.shape, convOutputShape(this.name, x.shape, shape, attributes));
    checkWinograd(this.name, shape, attributes);
    return [{ shape, dtype: 'f32' }];
  },

  variants(inputs, attributes, adapter) {
    const gw = this.shape(inputs, attributes)[0].shape;
    return convVariantsFor(adapter, weightGradientExtent(adapter, gw, inputs, attributes));
  },

  lower(lowering, [x, gy], [gw], attributes) {
    const gradient = { label: 'conv2d.weightGradient', x, gy, gw, geometry: attributes };
    const extent = weightGradientExtent(lowering.adapter, gw.shape, [x, gy], attributes);
    const variant = chooseConvVariant(lowering, attributes.variant, extent);
    if (variant !== 'winograd') lowerWeightGradient(lowering, { ...gradient, variant });
    else lowerWinogradWeightGradient(lowering, { ...gradient, x: widen(lowering, x), gy: widen(lowering, gy) });
  },

  gradient({ inputs: [x, dy], attributes, outputGradients: [u], wanted }) {
    if (!u) return [];
    const { kernelSize: _, ...convolution } = attributes;
    return [
      wanted[0] ? convInputGradient(dy, u, { ...convolution, inputSize: [x.shape[1], x.shape[2]] }) : undefined,
      wanted[1] ? record(conv2dOperation, [x, u], convolution)[0] : undefined,
    ];
  },
};

function checkCotangent(operation: string, given: readonly number[], expected: readonly number[]): void {
  if (!sameShape(given, expected)) {
    throw new ShapeError(
      `${operation}: the gradient of the output is ${formatShape(given)} where the convolution's output is ` +
        `${formatShape(expected)}; pass the size that this output came from.`,
    );
  }
}
