import type { Lowering, Value } from '../../engine/operation.js';
import type { ConvAttributes } from './conv2d.js';
import { forwardAxis } from './geometry.js';
import { type Epilogue, gemmVariant, lowerImplicitGemm } from './implicit-gemm.js';

/** Lowers conv2d of x, weight and, if there is one, bias. */
export function lowerConvolution(
  lowering: Lowering,
  [x, weight, bias]: readonly Value[],
  [y]: readonly Value[],
  attributes: ConvAttributes,
  epilogue?: Epilogue,
): void {
  const { stride, padding, dilation, groups } = attributes;
  const axis = (a: 0 | 1) => forwardAxis(y.shape[1 + a], weight.shape[1 + a], stride[a], padding[a], dilation[a]);
  lowerImplicitGemm(lowering, {
    label: 'conv2d',
    ...{ x, weight, bias, y, groups, epilogue },
    variant: gemmVariant(lowering, y, weight.shape, attributes),
    weightFirst: 'produced',
    vertical: [axis(0)],
    horizontal: [axis(1)],
  });
}
