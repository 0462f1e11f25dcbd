import { ShapeError } from '../../engine/errors.js';
import * as kinds from '../../engine/kinds.js';
import type { Value } from '../../engine/operation.js';
import { formatShape, type Shape } from '../../engine/shape.js';
import type { ConvVariant } from '../implicit-gemm/variants.js';

export type Pair = readonly [height: number, width: number];

/** The record that convolution, its gradients, its reference and their tests share. Names and meaning are PyTorch's. */
export interface ConvGeometry {
  readonly stride: Pair;
  readonly padding: Pair;
  readonly dilation: Pair;
  readonly groups: number;
}

export interface ConvAttributes extends ConvGeometry {
  readonly variant?: ConvVariant;
}

/** What convolution and transposed convolution can both be told. */
export const convOptions = {
  bias: kinds.optional(kinds.tensor),
  stride: kinds.optional(kinds.pair(kinds.whole(1))),
  padding: kinds.optional(kinds.pair(kinds.whole(0))),
  dilation: kinds.optional(kinds.pair(kinds.whole(1))),
  groups: kinds.optional(kinds.whole(1)),
};

/** One number for both axes, or one for each. */
export function pairOf(value: number | Pair): Pair {
  return typeof value === 'number' ? [value, value] : value;
}

/** Positions that a kernel of `kernel` taps visits along one axis. */
export function outputExtent(input: number, kernel: number, stride: number, padding: number, dilation: number): number {
  return Math.floor((input + 2 * padding - dilation * (kernel - 1) - 1) / stride) + 1;
}

/** Shape of conv2d's result: x [N, H, W, inC], weight [outC, kH, kW, inC / groups]. */
export function convOutputShape(operation: string, x: Shape, weight: Shape, geometry: ConvGeometry): Shape {
  checkRanks(operation, x, weight);
  const [batch, height, width, channels] = x;
  const [outC, kernelH, kernelW, groupIn] = weight;
  const { stride, padding, dilation, groups } = geometry;
  checkGroups(operation, groups, channels, outC);
  if (groupIn * groups !== channels) {
    throw new ShapeError(
      `${operation}: weight expects ${groupIn * groups} input channels${groups > 1 ? ` (${groupIn} in each of ${groups} groups)` : ''}, ` +
        `x has ${channels} (shape ${formatShape(x)}); weight is [outC, kH, kW, inC / groups] and here ${formatShape(weight)}.`,
    );
  }
  const outH = outputExtent(height, kernelH, stride[0], padding[0], dilation[0]);
  const outW = outputExtent(width, kernelW, stride[1], padding[1], dilation[1]);
  if (outH < 1 || outW < 1) {
    throw new ShapeError(
      `${operation}: the kernel spans ${dilation[0] * (kernelH - 1) + 1}×${dilation[1] * (kernelW - 1) + 1} pixels and the ` +
        `padded image is ${height + 2 * padding[0]}×${width + 2 * padding[1]} (x ${formatShape(x)}); pad more, or use a ` +
        'smaller kernel or dilation.',
    );
  }
  return [batch, outH, outW, outC];
}

export function checkRanks(operation: string, x: Shape, weight: Shape): void {
  if (x.length !== 4) {
    throw new ShapeError(
      `${operation}: x is ${formatShape(x)}, of rank ${x.length}; images are [N, H, W, C], so reshape it to rank 4.`,
    );
  }
  if (weight.length !== 4) {
    throw new ShapeError(
      `${operation}: weight is ${formatShape(weight)}, of rank ${weight.length}; it must be of rank 4: kernels are stored ` +
        'with their two spatial axes in the middle.',
    );
  }
}

export function checkGroups(operation: string, groups: number, inC: number, outC: number): void {
  if (inC % groups !== 0 || outC % groups !== 0) {
    throw new ShapeError(
      `${operation}: ${groups} groups do not divide ${inC} input and ${outC} output channels; choose groups that divide both.`,
    );
  }
}

/** A bias is one value per output channel. */
export function checkBias(operation: string, bias: Shape, outC: number): void {
  if (bias.length !== 1 || bias[0] !== outC) {
    throw new ShapeError(
      `${operation}: bias is ${formatShape(bias)} and there are ${outC} output channels; give [${outC}].`,
    );
  }
}

/**
 * One axis of an implicit GEMM: position q of `count` lies at `outStart + outStep * q` of the result and reads, for tap
 * j of `taps`, the source at `inStart + inStep * q + tapStep * j` with the weight's tap `firstTap + tapStride * j`.
 */
export interface GemmAxis {
  readonly count: number;
  readonly outStart: number;
  readonly outStep: number;
  readonly inStart: number;
  readonly inStep: number;
  readonly taps: number;
  readonly tapStep: number;
  readonly firstTap: number;
  readonly tapStride: number;
}

/** y = bias + gathered x times weight, over all positions of the given axes. */
export interface ImplicitGemm {
  readonly label: string;
  readonly x: Value;
  readonly weight: Value;
  readonly bias?: Value;
  readonly y: Value;
  readonly groups: number;
  /** Whether the weight's first axis is what is produced (forward) or what is summed over (gradient by the input). */
  readonly weightFirst: 'produced' | 'summed';
  readonly vertical: readonly GemmAxis[];
  readonly horizontal: readonly GemmAxis[];
  readonly variant: ConvVariant;
  /** What tiled kernels, those for matrix units among them, do with results on their way out. */
  readonly epilogue?: Epilogue;
}

export interface Epilogue {
  readonly relu?: boolean;
  /** Where mean and biased variance of each channel of the result go, both [outC]. */
  readonly statistics?: { readonly mean: Value; readonly variance: Value };
}

/** The forward pass along one axis. */
export function forwardAxis(out: number, kernel: number, stride: number, padding: number, dilation: number): GemmAxis {
  return {
    count: out,
    outStart: 0,
    outStep: 1,
    inStart: -padding,
    inStep: stride,
    taps: kernel,
    tapStep: dilation,
    firstTap: 0,
    tapStride: 1,
  };
}

/**
 * The gradient by the input along one axis. Output o reads input i = o·s − p + m·d at tap m, so input i receives from o
 * = (i + p − m·d) / s, for the taps with m·d ≡ i + p (mod s). All i of one phase (i + p) mod s share their taps: every
 * t-th from the first, t = s / gcd(s, d), and from one such tap to the next o falls by t·d / s. So each phase is one of
 * stride 1 with no tap wasted. A phase may have no taps: its gradient is zero.
 */
export function inputGradientAxes(
  input: number,
  kernel: number,
  stride: number,
  padding: number,
  dilation: number,
): GemmAxis[] {
  const common = greatestCommonDivisor(stride, dilation);
  const tapStride = stride / common;
  const axes: GemmAxis[] = [];
  for (let phase = 0; phase < stride; phase++) {
    const outStart = (((phase - padding) % stride) + stride) % stride;
    if (outStart >= input) continue;
    let firstTap = 0;
    while (firstTap < tapStride && (firstTap * dilation) % stride !== phase) firstTap++;
    const taps = firstTap < tapStride ? Math.max(0, Math.ceil((kernel - firstTap) / tapStride)) : 0;
    axes.push({
      count: Math.ceil((input - outStart) / stride),
      outStart,
      outStep: stride,
      inStart: taps > 0 ? (outStart + padding - firstTap * dilation) / stride : 0,
      inStep: 1,
      taps,
      tapStep: -(dilation / common),
      firstTap: taps > 0 ? firstTap : 0,
      tapStride,
    });
  }
  return axes;
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
