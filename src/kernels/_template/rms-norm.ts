import { type Operation, record, ShapeError, type Tensor } from '../../engine/index.js';
import * as kinds from '../../engine/kinds.js';
import { FLOATS } from '../../engine/operands.js';
import { sizeOf } from '../../engine/shape.js';
import { type OptionKinds, signature } from '../../engine/signature.js';
import { kernel, uniforms } from '../../engine/wgsl/index.js';
import { sum } from '../broadcast/index.js';
import { add, div, mul, square, sub } from '../elementwise/index.js';
import { linearGrid } from '../grid.js';
import source from './rms-norm.wgsl';

export interface RmsNormOptions {
  /** Added to the mean square. Default 1e-5. */
  readonly eps?: number;
}

/** Plain data: attributes are compared, printed and hashed. */
interface Attributes {
  readonly eps: number;
}

const options: OptionKinds<RmsNormOptions> = { eps: kinds.optional(kinds.atLeastZero) };
const takes = signature('rmsNorm', { x: kinds.tensor }, options);

/**
 * Root mean square normalization over the last axis, as `torch.nn.functional.rms_norm` without a weight:
 * y = x · r with r = 1 / √(mean(x²) + eps).
 *
 * @param x [..., C], of rank 1 or more, f32 or f16. Sums are f32 in any case.
 * @returns The shape and type of `x`.
 * @throws ShapeError for a scalar.
 */
export function rmsNorm(x: Tensor, { eps = 1e-5 }: RmsNormOptions = {}): Tensor {
  takes(arguments);
  return record(rmsNormOperation, [x], { eps })[0];
}

/** Declared once: this makes the struct in the kernel, and packs the values by name. */
const rowUniforms = uniforms({ rows: 'u32', channels: 'u32', eps: 'f32' });

/** Input x [..., C]; outputs y, of x's shape and type, and r [..., 1], f32, which the gradient reuses. */
const rmsNormOperation: Operation<Attributes> = {
  name: 'rmsNorm',

  operands: { x: FLOATS },

  shape([x]) {
    if (x.shape.length === 0) {
      throw new ShapeError('rmsNorm: x is a scalar, expected at least 1 axis; reshape it to [1].');
    }
    return [x, { shape: [...x.shape.slice(0, -1), 1], dtype: 'f32' }];
  },

  lower(lowering, [x], [y, r], { eps }) {
    const channels = x.shape[x.shape.length - 1];
    const rows = sizeOf(r.shape);
    const lanes = channels > 32 ? 64 : 1;
    lowering.dispatch({
      label: 'rmsNorm',
      ...kernel(source, {
        constants: { X: x.dtype, LANES: lanes, PARALLEL: lanes > 1 },
        uniforms: rowUniforms({ rows, channels, eps }),
      }),
      bindings: [x, y, r],
      writes: [1, 2],
      workgroups: linearGrid(rows, 1),
      flops: 3 * sizeOf(x.shape),
    });
  },

  /** ∂r/∂x = −r³·x/C, so dx = r·dy − r³·x·(Σ dy·x + dr)/C. */
  gradient({ inputs: [x], outputs: [, r], outputGradients: [dy, dr] }) {
    const channels = x.shape[x.shape.length - 1];
    const along = dy && sum(mul(dy, x), { axes: [-1], keepDims: true });
    const total = along && dr ? add(along, dr) : (along ?? dr);
    if (!total) return [];
    const throughR = div(mul(x, mul(mul(r, square(r)), total)), channels);
    return [dy ? sub(mul(dy, r), throughR) : mul(throughR, -1)];
  },
};
