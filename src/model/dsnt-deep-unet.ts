import type { Tensor } from '../engine/index.js';
import * as kinds from '../engine/kinds.js';
import { type OptionKinds, signature } from '../engine/signature.js';
import { coordinateGrid } from '../kernels/expectation2d/coordinate-grid.js';
import { type CoordinateGrid, expectation2d, softmax } from '../kernels/index.js';
import { DeepUNet, type DeepUNetOptions, deepUNetOptions } from './deep-unet.js';
import { builderKind } from './heatmap-network.js';
import type { Builder } from './module.js';

export interface DsntDeepUNetOptions extends DeepUNetOptions {
  /** Coordinates of the heatmap's cells. */
  readonly grid?: CoordinateGrid;
}

export const dsntDeepUNetOptions: OptionKinds<DsntDeepUNetOptions> = {
  ...deepUNetOptions,
  grid: kinds.optional(coordinateGrid),
};
const dsntDeepUNetTakes = signature('DsntDeepUNet', { builder: builderKind }, dsntDeepUNetOptions);

/** What the model makes of images. */
export interface Prediction {
  /** Heatmaps before the spatial softmax, [N, h, w, K]. */
  readonly logits: Tensor;
  /** Heatmaps that sum to 1, [N, h, w, K]. */
  readonly probabilities: Tensor;
  /** Expected (x, y) of each landmark in normalized coordinates of the grid, [N, K, 2]. */
  readonly coordinates: Tensor;
}

/**
 * DSNT-DeepUNet: {@link DeepUNet} whose heatmaps become coordinates by spatial softmax and expectation. It has the same
 * parameters under the same names; trained with `keypointLoss`.
 */
export class DsntDeepUNet extends DeepUNet {
  private readonly grid: CoordinateGrid;

  constructor(builder: Builder, options: DsntDeepUNetOptions = {}) {
    dsntDeepUNetTakes(arguments);
    const { grid = 'linspace', ...network } = options;
    super(builder, network);
    this.grid = grid;
  }

  /** Heatmaps and coordinates. @throws as `logits` */
  predict(images: Tensor, { training }: { readonly training: boolean }): Prediction {
    const logits = this.logits(images, { training });
    const probabilities = softmax(logits, { axes: [1, 2] });
    return { logits, probabilities, coordinates: expectation2d(probabilities, { grid: this.grid }) };
  }
}
