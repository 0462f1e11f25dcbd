import { type Operation, record, ShapeError, type Tensor } from '../../engine/index.js';
import * as kinds from '../../engine/kinds.js';
import { F32 } from '../../engine/operands.js';
import { formatShape, sizeOf } from '../../engine/shape.js';
import { signature } from '../../engine/signature.js';
import { kernel, uniforms } from '../../engine/wgsl/index.js';
import { channelGroups } from '../channel-groups.js';
import { linearGrid } from '../grid.js';
import { withNan } from '../nan.js';
import sampleKernel from './sample-affine.wgsl';

export interface SampleAffineOptions {
  /** Height and width of the result; those of x if left out. */
  readonly size?: readonly [height: number, width: number];
}

interface Attributes {
  readonly size: readonly [number, number];
}

/** Pixels of a row that one invocation computes. */
const RUN = 4;

const sampleAffineTakes = signature<SampleAffineOptions>(
  'sampleAffine',
  { x: kinds.tensor, matrices: kinds.tensor },
  { size: kinds.optional(kinds.two(kinds.whole(1))) },
);

/**
 * Images seen through affine maps, one each: pixel (i, j) of the result is read, bilinearly, where the matrix leads
 * from (x, y) = (j, i), in pixels with whole numbers at pixel centres. Outside the image all is 0. Whole-pixel moves
 * and flips are exact. Counterpart: `affine_grid` and `grid_sample` with `padding_mode='zeros'`, but in pixels. Forward
 * only: there is no gradient, neither by the image nor by the matrix.
 *
 * @param x [N, H, W, C].
 * @param matrices [N, 6], row-major 2×3: the source of (x, y) is (m₀·x + m₁·y + m₂, m₃·x + m₄·y + m₅).
 * @returns [N, h, w, C].
 * @throws ShapeError for other shapes, or a size that is none.
 */
export function sampleAffine(x: Tensor, matrices: Tensor, options: SampleAffineOptions = {}): Tensor {
  sampleAffineTakes(arguments);
  const [, height, width] = x.shape;
  return record(sampleOperation, [x, matrices], { size: options.size ?? [height, width] })[0];
}

const sampleUniforms = uniforms({
  count: 'u32',
  height: 'u32',
  width: 'u32',
  groups: 'u32',
  out_height: 'u32',
  out_width: 'u32',
});

const sampleOperation: Operation<Attributes> = {
  name: 'sampleAffine',
  operands: { x: F32, matrices: F32 },

  shape([x, matrices], { size }) {
    if (x.shape.length !== 4) {
      throw new ShapeError(`sampleAffine: x is ${formatShape(x.shape)}; it must be [N, H, W, C].`);
    }
    const [images, , , channels] = x.shape;
    if (formatShape(matrices.shape) !== `${images}×6`) {
      throw new ShapeError(
        `sampleAffine: matrices are ${formatShape(matrices.shape)}; ${images} images need ${images}×6.`,
      );
    }
    return [{ shape: [images, ...size, channels], dtype: 'f32' }];
  },

  lower(lowering, [x, matrices], [y], { size }) {
    const [images, height, width] = x.shape;
    const { groups, width: vectorWidth, vector } = channelGroups(x);
    const runs = Math.ceil(size[1] / RUN);
    const count = images * size[0] * runs * groups;
    lowering.dispatch({
      label: 'sampleAffine',
      ...kernel(withNan(sampleKernel, 'f32'), {
        constants: { VECTOR: vector, WIDTH: vectorWidth },
        uniforms: sampleUniforms({ count, height, width, groups, out_height: size[0], out_width: size[1] }),
      }),
      bindings: [x, matrices, y],
      writes: [2],
      workgroups: linearGrid(count),
      flops: 10 * sizeOf(y.shape),
    });
  },
};
