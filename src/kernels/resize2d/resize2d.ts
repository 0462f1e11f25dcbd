import { type Operation, record, ShapeError, type Tensor } from '../../engine/index.js';
import * as kinds from '../../engine/kinds.js';
import { FLOATS } from '../../engine/operands.js';
import { formatShape, type Shape, sizeOf } from '../../engine/shape.js';
import { type OptionKinds, signature } from '../../engine/signature.js';
import { kernel, type Uniforms, uniforms } from '../../engine/wgsl/index.js';
import { channelGroups } from '../channel-groups.js';
import { linearGrid } from '../grid.js';
import { linearTaps, nearestTaps, packTaps, type ResizeAxis, tapRanges } from './axis.js';
import resizeKernel from './resize2d.wgsl';
import gradientKernel from './resize2d-gradient.wgsl';

/** One of `size` and `scale`. */
export interface ResizeOptions {
  /** Height and width of the result. */
  readonly size?: readonly [height: number, width: number];
  /** Factors for height and width, or one for both; the result's extents are ⌊extent · scale⌋. */
  readonly scale?: number | readonly [height: number, width: number];
}

export interface ResizeBilinearOptions extends ResizeOptions {
  /** Whether the corner samples coincide (true) or the outer edges of the corner cells (false). */
  readonly alignCorners?: boolean;
}

const resizeOptions: OptionKinds<ResizeOptions> = {
  size: kinds.optional(kinds.two(kinds.whole(1))),
  scale: kinds.optional(kinds.pair(kinds.positive)),
};
const resizeBilinearTakes = signature<ResizeBilinearOptions>(
  'resizeBilinear',
  { x: kinds.tensor },
  { ...resizeOptions, alignCorners: kinds.optional(kinds.flag) },
);
const resizeNearestTakes = signature('resizeNearest', { x: kinds.tensor }, resizeOptions);

type Mode = 'bilinear' | 'nearest';

interface Attributes {
  readonly mode: Mode;
  readonly inputShape: Shape;
  readonly outputShape: Shape;
  readonly rows: ResizeAxis;
  readonly columns: ResizeAxis;
}

/**
 * Bilinear interpolation, up or down (without a low-pass filter), as `torch.nn.functional.interpolate` with
 * `mode='bilinear'`: given a scale, source coordinates follow from the scale itself, not from the rounded size.
 *
 * @param x [N, H, W, C].
 * @returns [N, h, w, C].
 * @throws ShapeError if the rank is not 4, unless exactly one of size and scale is given, or for a size below 1.
 */
export function resizeBilinear(x: Tensor, options: ResizeBilinearOptions = {}): Tensor {
  resizeBilinearTakes(arguments);
  return resize('resizeBilinear', x, options, options.alignCorners ?? false);
}

/**
 * The value of the source cell ⌊i · extent / size⌋ (⌊i / scale⌋ given a scale) for output cell i, as
 * `torch.nn.functional.interpolate` with `mode='nearest'`, but with exact instead of float32 coordinates.
 *
 * @param x [N, H, W, C].
 * @returns [N, h, w, C].
 * @throws ShapeError if the rank is not 4, unless exactly one of size and scale is given, or for a size below 1.
 */
export function resizeNearest(x: Tensor, options: ResizeOptions = {}): Tensor {
  resizeNearestTakes(arguments);
  return resize('resizeNearest', x, options, false);
}

function resize(
  name: 'resizeBilinear' | 'resizeNearest',
  x: Tensor,
  { size, scale }: ResizeOptions,
  alignCorners: boolean,
): Tensor {
  const mode: Mode = name === 'resizeNearest' ? 'nearest' : 'bilinear';
  if (x.shape.length !== 4) {
    throw new ShapeError(`${name}: x is ${formatShape(x.shape)}; it must be [N, H, W, C].`);
  }
  if ((size === undefined) === (scale === undefined)) {
    throw new ShapeError(`${name}: ${size ? 'both size and scale are' : 'neither size nor scale is'} given; give one.`);
  }
  const [images, height, width, channels] = x.shape;
  const [rowScale, columnScale] = typeof scale === 'number' ? [scale, scale] : (scale ?? []);
  const axis = (input: number, extent: number | undefined, factor: number | undefined): ResizeAxis => {
    const output = extent ?? Math.floor(input * (factor ?? 1));
    if (output < 1) {
      throw new ShapeError(
        `${name}: an extent of ${input} cannot become ${output} (scale ${factor}); the result needs extents of at least 1.`,
      );
    }
    if (alignCorners) return { input, output, numerator: input - 1, denominator: Math.max(output - 1, 1), offset: 0 };
    const offset = mode === 'nearest' ? 0 : 0.5;
    // An axis that keeps its extent is copied whatever the scale, as in PyTorch.
    if (factor !== undefined && output !== input) return { input, output, numerator: 1, denominator: factor, offset };
    return { input, output, numerator: input, denominator: output, offset };
  };
  const rows = axis(height, size?.[0], rowScale);
  const columns = axis(width, size?.[1], columnScale);
  const outputShape = [images, rows.output, columns.output, channels];
  return record(resizeOperations[name], [x], { mode, inputShape: x.shape, outputShape, rows, columns })[0];
}

const resizeOperation: Omit<Operation<Attributes>, 'name'> = {
  operands: { x: FLOATS },

  shape: ([x], { outputShape }) => [{ shape: outputShape, dtype: x.dtype }],

  lower(lowering, [x], [y], attributes) {
    const { rows, groups, width, vector, stored } = channelGroups(y);
    lowering.dispatch({
      label: `resize.${attributes.mode}`,
      ...kernel(resizeKernel, {
        constants: {
          VECTOR: vector,
          STORED: stored,
          WIDTH: width,
          NEAREST: attributes.mode === 'nearest',
        },
        uniforms: uniformsOf(attributes, groups),
      }),
      bindings: [x, lowering.constant(bothTaps(attributes)), y],
      writes: [2],
      workgroups: linearGrid(rows * groups),
      flops: attributes.mode === 'nearest' ? 0 : 9 * sizeOf(y.shape),
    });
  },

  /**
   * dx[i, j] = Σ_o Σ_p rowWeight(o, i) · columnWeight(p, j) · dy[o, p], over the output cells that input cell touches.
   */
  gradient({ outputGradients: [dy], attributes }) {
    return [dy && record(resizeGradient, [dy], attributes)[0]];
  },
};

/** One for each function, since messages name it. */
export const resizeOperations: Readonly<Record<'resizeBilinear' | 'resizeNearest', Operation<Attributes>>> = {
  resizeBilinear: { ...resizeOperation, name: 'resizeBilinear' },
  resizeNearest: { ...resizeOperation, name: 'resizeNearest' },
};

/** Input: gradient by the result; output: gradient by the resized tensor. */
const resizeGradient: Operation<Attributes> = {
  name: 'resizeGradient',
  operands: { dy: FLOATS },

  shape: ([dy], { inputShape }) => [{ shape: inputShape, dtype: dy.dtype }],

  lower(lowering, [dy], [dx], attributes) {
    const { rows, groups, width, vector, stored } = channelGroups(dx);
    const taps = tapsOf(attributes.mode);
    const ranges = [attributes.rows, attributes.columns].flatMap((axis) => tapRanges(taps(axis), axis.input));
    lowering.dispatch({
      label: `resize.${attributes.mode}Gradient`,
      ...kernel(gradientKernel, {
        constants: {
          VECTOR: vector,
          STORED: stored,
          WIDTH: width,
          NEAREST: attributes.mode === 'nearest',
        },
        uniforms: uniformsOf(attributes, groups),
      }),
      bindings: [dy, lowering.constant(bothTaps(attributes)), lowering.constant(Uint32Array.from(ranges.flat())), dx],
      writes: [3],
      workgroups: linearGrid(rows * groups),
      flops: 9 * sizeOf(dy.shape),
    });
  },

  /** Resizing is linear, and this its transpose. */
  gradient({ outputGradients: [u], attributes }) {
    const name = attributes.mode === 'nearest' ? 'resizeNearest' : 'resizeBilinear';
    return [u && record(resizeOperations[name], [u], attributes)[0]];
  },
};

function tapsOf(mode: Mode): typeof linearTaps {
  return mode === 'nearest' ? nearestTaps : linearTaps;
}

function bothTaps({ mode, rows, columns }: Attributes): Uint32Array {
  return packTaps([...tapsOf(mode)(rows), ...tapsOf(mode)(columns)]);
}

const extentUniforms = uniforms({
  images: 'u32',
  height: 'u32',
  width: 'u32',
  groups: 'u32',
  out_height: 'u32',
  out_width: 'u32',
});

function uniformsOf({ inputShape, rows, columns }: Attributes, groups: number): Uniforms {
  return extentUniforms({
    images: inputShape[0],
    height: rows.input,
    width: columns.input,
    groups,
    out_height: rows.output,
    out_width: columns.output,
  });
}
