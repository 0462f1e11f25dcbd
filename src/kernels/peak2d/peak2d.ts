import { type Operation, record, ShapeError, type Tensor } from '../../engine/index.js';
import * as kinds from '../../engine/kinds.js';
import { F32 } from '../../engine/operands.js';
import { formatShape, sizeOf } from '../../engine/shape.js';
import { signature } from '../../engine/signature.js';
import { kernel, uniforms } from '../../engine/wgsl/index.js';
import { linearGrid } from '../grid.js';
import { withNan } from '../nan.js';
import peakKernel from './peak2d.wgsl';

const peak2dTakes = signature('peak2d', { x: kinds.tensor });

/**
 * The cell with the largest value of each map; of equal ones the first in row-major order, and a NaN before every
 * number. Has no gradient. Counterpart: torch.argmax over the flattened map, taken apart into column and row.
 *
 * @param x [N, H, W, K].
 * @returns `[N, K, 2]`: column, then row, whole numbers.
 * @throws ShapeError if the rank is not 4.
 */
export function peak2d(x: Tensor): Tensor {
  peak2dTakes(arguments);
  return record(peakOperation, [x], undefined)[0];
}

const mapUniforms = uniforms({ images: 'u32', height: 'u32', width: 'u32', channels: 'u32' });

const peakOperation: Operation<undefined> = {
  name: 'peak2d',
  operands: { x: F32 },

  shape([{ shape }]) {
    if (shape.length !== 4) {
      throw new ShapeError(`peak2d: maps are [N, H, W, K], got ${formatShape(shape)}; reshape them.`);
    }
    const [images, , , channels] = shape;
    return [{ shape: [images, channels, 2], dtype: 'f32' }];
  },

  lower(lowering, [x], [peaks]) {
    const [images, height, width, channels] = x.shape;
    lowering.dispatch({
      label: 'peak2d',
      ...kernel(withNan(peakKernel, 'f32'), {
        constants: { LANES: height * width <= 1024 ? 64 : 256 },
        uniforms: mapUniforms({ images, height, width, channels }),
      }),
      bindings: [x, peaks],
      writes: [1],
      workgroups: linearGrid(images * channels, 1),
      flops: sizeOf(x.shape),
    });
  },
};
