import { type Lowering, type Operation, record, ShapeError, type Tensor, type Value } from '../../engine/index.js';
import * as kinds from '../../engine/kinds.js';
import { F32 } from '../../engine/operands.js';
import { formatShape, sizeOf } from '../../engine/shape.js';
import { signature } from '../../engine/signature.js';
import { kernel, uniforms } from '../../engine/wgsl/index.js';
import { linearGrid } from '../grid.js';
import { withNan } from '../nan.js';
import blurKernel from './gaussian-blur.wgsl';
import weightsKernel from './weights.wgsl';

export interface GaussianBlurOptions {
  /**
   * The largest standard deviation among the images, px: what memory and kernels are laid out for. Larger ones count as
   * this.
   */
  readonly maxSigma: number;
}

interface Attributes {
  readonly maxSigma: number;
}

/** Cells of an axis that one invocation computes. */
const RUN = 4;

const gaussianBlurTakes = signature<GaussianBlurOptions>(
  'gaussianBlur',
  { x: kinds.tensor, sigma: kinds.tensor },
  { maxSigma: kinds.positive },
);

/**
 * Gaussian blur of images, each with its own standard deviation: separable, with a kernel that ends at 3σ and weights
 * that sum to 1, mirrored about the outermost pixels (…2 1 | 0 1 2…). An image with σ = 0 stays as it is, bit for bit.
 * Counterpart: torchvision's `gaussian_blur` with a kernel of 2·⌈3σ⌉ + 1. Forward only: there is no gradient.
 *
 * @param x [N, H, W, C].
 * @param sigma Standard deviations, px, [N]. Below 0 counts as 0.
 * @returns [N, H, W, C].
 * @throws ShapeError for other shapes, or unless maxSigma is positive.
 */
export function gaussianBlur(x: Tensor, sigma: Tensor, options: GaussianBlurOptions): Tensor {
  gaussianBlurTakes(arguments);
  return record(blurOperation, [x, sigma], { maxSigma: options.maxSigma })[0];
}

const blurOperation: Operation<Attributes> = {
  name: 'gaussianBlur',
  operands: { x: F32, sigma: F32 },

  shape([x, sigma]) {
    if (x.shape.length !== 4) {
      throw new ShapeError(`gaussianBlur: x is ${formatShape(x.shape)}; it must be [N, H, W, C].`);
    }
    if (sigma.shape.length !== 1 || sigma.shape[0] !== x.shape[0]) {
      throw new ShapeError(
        `gaussianBlur: sigma is ${formatShape(sigma.shape)}; ${x.shape[0]} images need one number each.`,
      );
    }
    return [{ shape: x.shape, dtype: 'f32' }];
  },

  /** Along columns into scratch, then along rows. */
  lower(lowering, [x, sigma], [y], { maxSigma }) {
    const [images, height, width, channels] = x.shape;
    const radius = Math.ceil(3 * maxSigma);
    const length = radius + RUN;
    const weights = lowering.scratch([images, 1 + length]);
    lowering.dispatch({
      label: 'gaussianBlur.weights',
      ...kernel(withNan(weightsKernel, 'f32'), {
        uniforms: weightsUniforms({ images, length, radius, max_sigma: maxSigma }),
      }),
      bindings: [sigma, weights],
      writes: [1],
      workgroups: linearGrid(images),
    });
    const blurred = lowering.scratch(x.shape);
    const axis = { weights, length, radius, images };
    lowerAxis(lowering, { ...axis, outer: 1, extent: height, inner: width * channels }, [x, blurred]);
    lowerAxis(lowering, { ...axis, outer: height, extent: width, inner: channels }, [blurred, y], x);
  },
};

const weightsUniforms = uniforms({ images: 'u32', length: 'u32', radius: 'u32', max_sigma: 'f32' });
const blurUniforms = uniforms({ count: 'u32', outer: 'u32', extent: 'u32', inner: 'u32', length: 'u32' });

/** The images as [images, outer, extent, inner], blurred along `extent`. */
interface Axis {
  readonly weights: Value;
  readonly length: number;
  readonly radius: number;
  readonly images: number;
  readonly outer: number;
  readonly extent: number;
  readonly inner: number;
}

/** @param sharp Where an image without blur is taken from; without it such an image is left out. */
function lowerAxis(
  lowering: Lowering,
  { weights, length, radius, images, outer, extent, inner }: Axis,
  [from, to]: readonly [Value, Value],
  sharp?: Value,
): void {
  const width = inner % 4 === 0 ? 4 : 1;
  const count = images * outer * Math.ceil(extent / RUN) * (inner / width);
  lowering.dispatch({
    label: `gaussianBlur.${sharp ? 'rows' : 'columns'}`,
    ...kernel(blurKernel, {
      constants: {
        VECTOR: width === 4 ? 'vec4f' : 'f32',
        // One mirror is enough unless the kernel is wider than the image.
        MIRRORS: radius >= extent,
        KEEP: sharp !== undefined,
      },
      uniforms: blurUniforms({ count, outer, extent, inner: inner / width, length }),
    }),
    bindings: [weights, from, to, ...(sharp ? [sharp] : [])],
    writes: [2],
    workgroups: linearGrid(count),
    flops: 2 * sizeOf(from.shape) * (2 * radius + 1),
  });
}
