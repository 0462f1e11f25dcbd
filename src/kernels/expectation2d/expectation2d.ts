import { type Operation, record, ShapeError, type Tensor } from '../../engine/index.js';
import * as kinds from '../../engine/kinds.js';
import { F32 } from '../../engine/operands.js';
import { formatShape, type Shape, sizeOf } from '../../engine/shape.js';
import { signature } from '../../engine/signature.js';
import { kernel, uniforms } from '../../engine/wgsl/index.js';
import { linearGrid } from '../grid.js';
import { joiningSubgroup } from '../subgroup-join.js';
import { type CoordinateGrid, coordinateGrid, gridDivisors } from './coordinate-grid.js';
import expectationKernel from './expectation2d.wgsl';
import gradientKernel from './expectation2d-gradient.wgsl';

export interface Expectation2dOptions {
  /** Which coordinates the cells of a map have. */
  readonly grid: CoordinateGrid;
}

interface Attributes {
  readonly shape: Shape;
  readonly grid: CoordinateGrid;
}

const expectation2dTakes = signature<Expectation2dOptions>(
  'expectation2d',
  { probabilities: kinds.tensor },
  { grid: coordinateGrid },
);

/**
 * The differentiable spatial-to-numerical transform (DSNT): the expected coordinate (Σ p·x, Σ p·y) of each map, in
 * normalized coordinates of the chosen grid. Follows a spatial softmax, `softmax(logits, { axes: [1, 2] })`.
 * Source: Nibali et al., Numerical Coordinate Regression with Convolutional Neural Networks; dsntnn's `dsnt`.
 *
 * @param probabilities [N, H, W, K], each of the N·K maps summing to one.
 * @returns `[N, K, 2]`: x (to the right), then y (down).
 * @throws ShapeError if the rank is not 4, or for a linspace grid over a map one cell wide or high.
 */
export function expectation2d(probabilities: Tensor, options: Expectation2dOptions): Tensor {
  expectation2dTakes(arguments);
  return record(expectationOperation, [probabilities], { shape: probabilities.shape, grid: options.grid })[0];
}

const expectationOperation: Operation<Attributes> = {
  name: 'expectation2d',
  operands: { probabilities: F32 },

  shape([{ shape }], { grid }) {
    if (shape.length !== 4) {
      throw new ShapeError(
        `expectation2d: probabilities are [N, H, W, K], got ${formatShape(shape)}; reshape them to rank 4.`,
      );
    }
    const [images, height, width, channels] = shape;
    gridDivisors('expectation2d', grid, [height, width]);
    return [{ shape: [images, channels, 2], dtype: 'f32' }];
  },

  lower(lowering, [probabilities], [coordinates], attributes) {
    const [images, height, width, channels] = attributes.shape;
    const subgroup = joiningSubgroup(lowering);
    const lanes = subgroup ?? (height * width <= 1024 ? 64 : 256);
    lowering.dispatch({
      label: 'expectation2d',
      ...kernel(expectationKernel, {
        constants: { LANES: lanes, SUBGROUP: !!subgroup, PARALLEL: !subgroup },
        uniforms: uniformsOf(attributes),
      }),
      bindings: [probabilities, coordinates],
      writes: [1],
      workgroups: linearGrid(images * channels, 1),
      flops: 4 * sizeOf(attributes.shape),
    });
  },

  gradient({ outputGradients: [dy], attributes }) {
    return [dy && record(expectationGradient, [dy], attributes)[0]];
  },
};

/** Input: gradient by the coordinates; output: gradient by the probabilities. */
const expectationGradient: Operation<Attributes> = {
  name: 'expectation2dGradient',
  operands: { dy: F32 },

  shape: (_inputs, { shape }) => [{ shape, dtype: 'f32' }],

  lower(lowering, [gradient], [dp], attributes) {
    lowering.dispatch({
      label: 'expectation2d.gradient',
      ...kernel(gradientKernel, { uniforms: uniformsOf(attributes) }),
      bindings: [gradient, dp],
      writes: [1],
      workgroups: linearGrid(sizeOf(attributes.shape)),
      flops: 3 * sizeOf(attributes.shape),
    });
  },

  /** The transform is linear, and this its transpose. */
  gradient({ outputGradients: [u], attributes }) {
    return [u && record(expectationOperation, [u], attributes)[0]];
  },
};

const gridUniforms = uniforms({
  images: 'u32',
  height: 'u32',
  width: 'u32',
  channels: 'u32',
  x_divisor: 'f32',
  y_divisor: 'f32',
});

function uniformsOf({ shape, grid }: Attributes) {
  const [images, height, width, channels] = shape;
  const [y_divisor, x_divisor] = gridDivisors('expectation2d', grid, [height, width]);
  return gridUniforms({ images, height, width, channels, x_divisor, y_divisor });
}
