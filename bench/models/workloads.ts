import {
  type CoordinateGrid,
  cast,
  type Device,
  expectation2d,
  mean,
  softmax,
  square,
  sub,
  type Tensor,
} from '../../src/index.js';
import { DsntDeepUNet, keypointLoss, type Module } from '../../src/model/index.js';
import { dsntDeepUNetContractions, networkFlops, smallUNetContractions } from './arithmetic.js';
import { SmallUNet } from './small-unet.js';

/** A network with its loss and its customary batch. */
export interface Workload {
  readonly name: string;
  /** Height and width of the images. */
  readonly size: number;
  readonly batch: number;
  /** Bound of the gradients' common norm, where the method has one. */
  readonly clipNorm?: number;
  /** Arithmetic for one image. */
  readonly flops: { readonly inference: number; readonly step: number };
  build(device: Device, precision?: 'f32' | 'mixed'): Network;
}

export interface Network {
  readonly module: Module;
  /** Heatmaps before the softmax, [N, h, w, 3]. */
  logits(images: Tensor, mode: { readonly training: boolean }): Tensor;
  /** @param targets [N, 3, 2], in coordinates of the {@link GRID}. */
  loss(images: Tensor, targets: Tensor): Tensor;
}

export const GRID: CoordinateGrid = 'linspace';

/** What the peers of WebGPU engines were measured on: mean squared error of the DSNT coordinates, Adam, no clipping. */
export const smallUNet: Workload = {
  name: 'small U-Net, base 16, 64²',
  size: 64,
  batch: 4,
  flops: networkFlops(smallUNetContractions(64, 16, 3)),
  build(device, precision = 'f32') {
    const halved = (images: Tensor) => (precision === 'mixed' ? cast(images, 'f16') : images);
    const module = new SmallUNet({ device, seed: 1, path: '' });
    return {
      module,
      logits: (images, mode) => cast(module.logits(halved(images), mode), 'f32'),
      loss: (images, targets) => {
        const logits = cast(module.logits(halved(images), { training: true }), 'f32');
        const probabilities = softmax(logits, { axes: [1, 2] });
        return mean(square(sub(expectation2d(probabilities, { grid: GRID }), targets)));
      },
    };
  },
};

/** The network and the loss of the method itself, at some base and size. */
export function dsntDeepUNet(base: number, size: number): Workload {
  return {
    name: `DSNT-DeepUNet, base ${base}, ${size}²`,
    size,
    batch: 8,
    clipNorm: 0.722,
    flops: networkFlops(dsntDeepUNetContractions(size, base, 3)),
    build(device, precision) {
      const module = new DsntDeepUNet({ device, seed: 1, path: '' }, { base, grid: GRID, precision });
      return {
        module,
        logits: (images, mode) => module.logits(images, mode),
        loss: (images, targets) =>
          keypointLoss(module.logits(images, { training: true }), targets, { grid: GRID }).total,
      };
    },
  };
}

export const smallDsntDeepUNet = dsntDeepUNet(8, 128);
export const fullDsntDeepUNet = dsntDeepUNet(64, 512);
