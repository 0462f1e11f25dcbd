import { ShapeError } from '../../engine/index.js';
import * as kinds from '../../engine/kinds.js';
import { formatShape, type Shape, type TensorSpec } from '../../engine/shape.js';
import type { OptionKinds } from '../../engine/signature.js';
import { type Uniforms, uniforms } from '../../engine/wgsl/index.js';

/** One number for both axes, or [height, width]. */
export type Extent2d = number | readonly [height: number, width: number];

export interface PoolOptions {
  readonly kernelSize: Extent2d;
  /** `kernelSize` if left out. */
  readonly stride?: Extent2d;
  /** Cells added on each side, at most half the kernel size. */
  readonly padding?: Extent2d;
}

export const poolOptions: OptionKinds<PoolOptions> = {
  kernelSize: kinds.pair(kinds.whole(1)),
  stride: kinds.optional(kinds.pair(kinds.whole(1))),
  padding: kinds.optional(kinds.pair(kinds.whole(0))),
};

/** A pooling window that slides over an image. */
export interface PoolWindow {
  readonly kernel: readonly [height: number, width: number];
  readonly stride: readonly [height: number, width: number];
  readonly padding: readonly [height: number, width: number];
  /** [N, H, W, C] and [N, h, w, C]. */
  readonly inputShape: Shape;
  readonly outputShape: Shape;
}

const pair = (extent: Extent2d): readonly [number, number] => (typeof extent === 'number' ? [extent, extent] : extent);

/**
 * The window over x = [N, H, W, C], with ⌊(H + 2·padding − kernel) / stride⌋ + 1 positions along each axis.
 * @throws ShapeError for another rank, too much padding, or a window that does not fit.
 */
export function poolWindow(name: string, x: TensorSpec, options: PoolOptions): PoolWindow {
  if (x.shape.length !== 4) {
    throw new ShapeError(`${name}: x is ${formatShape(x.shape)}; it must be [N, H, W, C].`);
  }
  const kernel = pair(options.kernelSize);
  const stride = pair(options.stride ?? kernel);
  const padding = pair(options.padding ?? 0);
  const extents = [0, 1].map((axis) => {
    if (2 * padding[axis] > kernel[axis]) {
      throw new ShapeError(
        `${name}: padding ${padding[axis]} must be a whole number from 0 to ${Math.floor(kernel[axis] / 2)}, ` +
          `half of kernelSize ${kernel[axis]}; pad beforehand for more.`,
      );
    }
    const padded = x.shape[axis + 1] + 2 * padding[axis];
    if (padded < kernel[axis]) {
      throw new ShapeError(
        `${name}: a window of ${kernel[axis]} does not fit into ${padded} cells (x is ${formatShape(x.shape)}, ` +
          `padding ${padding[axis]}); use a smaller kernelSize.`,
      );
    }
    return Math.floor((padded - kernel[axis]) / stride[axis]) + 1;
  });
  const [images, , , channels] = x.shape;
  return { kernel, stride, padding, inputShape: x.shape, outputShape: [images, ...extents, channels] };
}

const windowUniforms = uniforms({
  images: 'u32',
  groups: 'u32',
  height: 'u32',
  width: 'u32',
  out_height: 'u32',
  out_width: 'u32',
  kernel_height: 'u32',
  kernel_width: 'u32',
  stride_y: 'u32',
  stride_x: 'u32',
  padding_y: 'u32',
  padding_x: 'u32',
});

/** What window.wgsl reads. */
export function uniformsOf({ kernel, stride, padding, inputShape, outputShape }: PoolWindow, groups: number): Uniforms {
  const [images, height, width] = inputShape;
  const [, out_height, out_width] = outputShape;
  const [kernel_height, kernel_width] = kernel;
  const [stride_y, stride_x] = stride;
  const [padding_y, padding_x] = padding;
  return windowUniforms({
    images,
    groups,
    height,
    width,
    out_height,
    out_width,
    kernel_height,
    kernel_width,
    stride_y,
    stride_x,
    padding_y,
    padding_x,
  });
}
