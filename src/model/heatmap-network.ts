import { cast, checkpoint, ShapeError, type Tensor } from '../engine/index.js';
import * as kinds from '../engine/kinds.js';
import { formatShape } from '../engine/shape.js';
import { type OptionKinds, signature } from '../engine/signature.js';
import { concat, div, mean, relu, sqrt, square, sub, sumOfSquares } from '../kernels/index.js';
import { type Builder, Module } from './module.js';

/** Options of every heatmap network. */
export interface HeatmapNetworkOptions {
  /** Channels of the first level. */
  readonly base?: number;
  readonly inChannels?: number;
  /** One heatmap for each. Paper: PS1, PS2, FH1. */
  readonly landmarks?: number;
  /** Compute each level again in the backward pass instead of keeping its activations: less memory, same bits. */
  readonly recompute?: boolean;
  /** `mixed` keeps activations in f16, and everything that is summed or learned in f32. Needs an adapter with f16. */
  readonly precision?: 'f32' | 'mixed';
}

/** The output of a network's body. */
export interface NetworkOutput {
  /**
   * Heatmaps of f32: the last convolution makes them from features of f32, since softmax tells small differences apart.
   */
  readonly heatmaps: Tensor;
  /**
   * Features of the encoder's levels, from the finest to the coarsest, [N, h, w, C] each, in the network's precision.
   */
  readonly encoded: readonly Tensor[];
}

export const networkOptions: OptionKinds<HeatmapNetworkOptions> = {
  base: kinds.optional(kinds.whole(1)),
  inChannels: kinds.optional(kinds.whole(1)),
  landmarks: kinds.optional(kinds.whole(1)),
  recompute: kinds.optional(kinds.flag),
  precision: kinds.optional(kinds.oneOf('f32', 'mixed')),
};
export const builderKind = kinds.object('{ device, seed, path }', 'device', 'seed', 'path');

const mode = { training: kinds.flag };
const logitsTakes = signature<{ training: boolean }>('logits', { images: kinds.tensor }, mode);
const featuresTake = signature<{ training: boolean }>('logitsAndFeatures', { images: kinds.tensor }, mode);

/** Pixels of a frame per cell of its heatmaps, along each axis: 512 px make 64 cells. */
const PIXELS_PER_CELL = 8;

/**
 * A network that makes one heatmap per landmark from a frame. Training, evaluation, prediction and export know the
 * networks by this type alone; what a heatmap means (the logarithm of a distribution, or its own height) is up to the
 * loss.
 */
export abstract class HeatmapNetwork extends Module {
  readonly inChannels: number;
  readonly landmarks: number;
  /** Runs the body of a level, to be computed again in the backward pass where that was asked for. */
  protected readonly level: <T>(body: () => T) => T;

  private readonly precision: 'f32' | 'mixed';

  constructor(
    builder: Builder,
    { inChannels = 1, landmarks = 3, recompute = false, precision = 'f32' }: HeatmapNetworkOptions,
  ) {
    super(builder);
    this.precision = precision;
    this.inChannels = inChannels;
    this.landmarks = landmarks;
    this.level = recompute ? checkpoint : (body) => body();
  }

  /**
   * One heatmap for each landmark, as the last convolution leaves it.
   *
   * @param images [N, H, W, inChannels], values in [0, 1]; or grey ones, [N, H, W, 1], which stand for every channel.
   * @param mode With `training` images are normalized by the batch and move the running statistics, else by the latter.
   * @returns [N, …heatmapSize([H, W]), landmarks], f32.
   * @throws ShapeError for images that are no such tensor, or too small for the network.
   */
  logits(images: Tensor, mode: { readonly training: boolean }): Tensor {
    logitsTakes(arguments);
    return this.run(images, mode).heatmaps;
  }

  /**
   * The heatmaps, and beside them what kind of frame the network takes it for: mean and standard deviation of each
   * channel of the encoder's levels that are at least as fine as the heatmaps, [N, 2·C], f32. Coarser levels are left
   * out: of a frame of 128 px a network of seven levels keeps a single cell there, which says next to nothing of the
   * frame.
   *
   * @throws as `logits`
   */
  logitsAndFeatures(
    images: Tensor,
    mode: { readonly training: boolean },
  ): { readonly logits: Tensor; readonly features: Tensor } {
    featuresTake(arguments);
    const { heatmaps, encoded } = this.run(images, mode);
    const fine = encoded.filter(({ shape }) => shape[1] >= heatmaps.shape[1]);
    const features = (fine.length > 0 ? fine : encoded.slice(0, 1)).flatMap((level) => {
      const [, height, width] = level.shape;
      const average = mean(level, { axes: [1, 2] });
      const meanSquare = div(sumOfSquares(level, { axes: [1, 2] }), height * width);
      // Rounding can leave a little less than zero.
      return [average, sqrt(relu(sub(meanSquare, square(average))))];
    });
    return { logits: heatmaps, features: concat(features) };
  }

  private run(images: Tensor, { training }: { readonly training: boolean }): NetworkOutput {
    const channels = images.shape[3];
    if (images.shape.length !== 4 || (channels !== this.inChannels && channels !== 1)) {
      throw new ShapeError(
        `logits: images have shape ${formatShape(images.shape)}; give [N, H, W, ${this.inChannels}]` +
          `${this.inChannels === 1 ? '' : ', or [N, H, W, 1] if they are grey'}.`,
      );
    }
    this.checkSize([images.shape[1], images.shape[2]]);
    const repeats = this.inChannels / channels;
    const x = repeats === 1 ? images : concat(Array.from({ length: repeats }, () => images));
    return this.forward(this.precision === 'mixed' ? cast(x, 'f16') : x, training);
  }

  /** Rows and columns of the heatmaps of a frame. */
  heatmapSize([height, width]: readonly [height: number, width: number]): [height: number, width: number] {
    return [Math.ceil(height / PIXELS_PER_CELL), Math.ceil(width / PIXELS_PER_CELL)];
  }

  protected abstract forward(images: Tensor, training: boolean): NetworkOutput;

  /** @throws ShapeError for frames that the network cannot take. */
  protected abstract checkSize(size: readonly [height: number, width: number]): void;

  /** @throws ShapeError for frames of which `poolings` poolings leave nothing. */
  protected checkPoolings([height, width]: readonly [height: number, width: number], poolings: number): void {
    const smallest = 2 ** poolings;
    if (Math.min(height, width) < smallest) {
      throw new ShapeError(
        `logits: images of ${height}×${width} are too small for ${poolings} poolings; use at least ${smallest} px per side.`,
      );
    }
  }
}
