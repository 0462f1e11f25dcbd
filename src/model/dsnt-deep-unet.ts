import type { Tensor } from '../engine/index.js';
import { type CoordinateGrid, expectation2d, softmax } from '../kernels/index.js';
import { DeepUNet, type DeepUNetOptions } from './deep-unet.js';
import type { Builder } from './module.js';

export interface DsntDeepUNetOptions extends DeepUNetOptions {
  /** Coordinates of the heatmap's cells. */
  readonly grid?: CoordinateGrid;
}

/** What the model makes of images. */
export interface Prediction {
  /** Heatmaps before the spatial softmax, [N, h, w, K]. */
  readonly logits: Tensor;
  /** Heatmaps that sum to 1, [N, h, w, K]. */
  readonly probabilities: Tensor;
  /** Expected (x, y) of each landmark in normalised coordinates of the grid, [N, K, 2]. */
  readonly coordinates: Tensor;
}

/**
 * DSNT-DeepUNet: {@link DeepUNet} whose heatmaps become coordinates by spatial softmax and expectation. It has the same
 * parameters under the same names; trained with `keypointLoss`.
 */
export class DsntDeepUNet extends DeepUNet {
  private readonly grid: CoordinateGrid;

  constructor(builder: Builder, options: DsntDeepUNetOptions = {}) {
    super(builder, options);
    this.grid = options.grid ?? 'linspace';
  }

  /** Heatmaps and coordinates. @throws as `logits` */
  predict(images: Tensor, { training }: { readonly training: boolean }): Prediction {
    const logits = this.logits(images, { training });
    const probabilities = softmax(logits, { axes: [1, 2] });
    return { logits, probabilities, coordinates: expectation2d(probabilities, { grid: this.grid }) };
  }
}
