import { checkpoint, ShapeError, type Tensor } from '../engine/index.js';
import { type CoordinateGrid, concat, expectation2d, maxPool2d, resizeBilinear, softmax } from '../kernels/index.js';
import { Conv2d, ConvTranspose2d, DoubleConv } from './layers.js';
import { type Builder, Module } from './module.js';

export interface DsntDeepUNetOptions {
  /** Channels of the first level; levels double them up to eight times as many. Paper: 64. */
  readonly base?: number;
  /** Encoder levels, each halving the resolution; the decoder climbs back to an eighth. Paper: 7. */
  readonly depth?: number;
  readonly inChannels?: number;
  /** How a level halves the resolution: the first convolution strides, or a 2×2 max-pool ends the level. */
  readonly preset?: 'stride' | 'pool';
  /** One heatmap for each. Paper: PS1, PS2, FH1. */
  readonly landmarks?: number;
  /** Coordinates of the heatmap's cells. */
  readonly grid?: CoordinateGrid;
  /** Compute each level again in the backward pass instead of keeping its activations: less memory, same bits. */
  readonly recompute?: boolean;
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

/** The level whose resolution the heatmaps have: an eighth of the input. */
const HEATMAP_LEVEL = 3;

/**
 * DSNT-DeepUNet: a deep U-Net whose heatmaps become coordinates by spatial softmax and expectation (the source paper's
 * network, as PAPER.md resolves it). 46,645,315 parameters at base 64, depth 7 and one input channel.
 *
 * Weights are named `enc1`…`enc7` and `dec1`…`dec4`, each with `conv1 bn1 conv2 bn2` (decoders `up` first), and `head`.
 */
export class DsntDeepUNet extends Module {
  private readonly encoders: DoubleConv[] = [];
  private readonly decoders: Decoder[] = [];
  private readonly head: Conv2d;
  private readonly pool: boolean;
  private readonly grid: CoordinateGrid;
  private readonly inChannels: number;
  private readonly level: <T>(body: () => T) => T;

  constructor(builder: Builder, options: DsntDeepUNetOptions = {}) {
    super(builder);
    const { base = 64, depth = 7, inChannels = 1, preset = 'stride', landmarks = 3, grid = 'linspace' } = options;
    if (depth < HEATMAP_LEVEL) {
      throw new ShapeError(
        `DsntDeepUNet: depth ${depth} does not reach the heatmaps' level; use at least ${HEATMAP_LEVEL}.`,
      );
    }
    this.pool = preset === 'pool';
    this.grid = grid;
    this.inChannels = inChannels;
    this.level = options.recompute ? checkpoint : (body) => body();
    const channelsOf = (level: number) => (level === 0 ? inChannels : base * 2 ** Math.min(level - 1, 3));
    const stride = this.pool ? 1 : 2;
    for (let level = 1; level <= depth; level++) {
      const make = (b: Builder) => new DoubleConv(b, channelsOf(level - 1), channelsOf(level), stride);
      this.encoders.push(this.child(`enc${level}`, make));
    }
    for (let level = depth - 1; level >= HEATMAP_LEVEL; level--) {
      const make = (b: Builder) => new Decoder(b, channelsOf(level + 1), channelsOf(level));
      this.decoders.push(this.child(`dec${depth - level}`, make));
    }
    this.head = this.child('head', (b) => new Conv2d(b, channelsOf(HEATMAP_LEVEL), landmarks, { kernelSize: 1 }));
  }

  /**
   * Heatmaps before the spatial softmax.
   *
   * @param images [N, H, W, inChannels], values in [0, 1].
   * @returns [N, ⌈H/8⌉, ⌈W/8⌉, landmarks] (with preset `pool`, ⌊H/8⌋ by repeated halving).
   * @throws ShapeError for images that are no such tensor, or too small for the pooling preset's depth.
   */
  logits(images: Tensor, { training }: { readonly training: boolean }): Tensor {
    const channels = images.shape[3];
    if (images.shape.length !== 4 || channels !== this.inChannels) {
      throw new ShapeError(
        `DsntDeepUNet: images have shape ${images.shape.join('×')}; give [N, H, W, ${this.inChannels}].`,
      );
    }
    const smallest = 2 ** this.encoders.length;
    if (this.pool && Math.min(images.shape[1], images.shape[2]) < smallest) {
      throw new ShapeError(
        `DsntDeepUNet: images of ${images.shape[1]}×${images.shape[2]} vanish in ${this.encoders.length} poolings; use at least ${smallest} a side.`,
      );
    }
    const levels: Tensor[] = [];
    let x = images;
    for (const encoder of this.encoders) {
      const below = x;
      x = this.level(() => {
        const features = encoder.apply(below, training);
        return this.pool ? maxPool2d(features, { kernelSize: 2 }) : features;
      });
      levels.push(x);
    }
    for (const [index, decoder] of this.decoders.entries()) {
      const below = x;
      x = this.level(() => decoder.apply(below, levels[this.encoders.length - 2 - index], training));
    }
    return this.head.apply(x);
  }

  /** Heatmaps and coordinates. */
  predict(images: Tensor, { training }: { readonly training: boolean }): Prediction {
    const logits = this.logits(images, { training });
    const probabilities = softmax(logits, { axes: [1, 2] });
    return { logits, probabilities, coordinates: expectation2d(probabilities, { grid: this.grid }) };
  }
}

/** Doubles the resolution, joins the encoder's features of that level, and convolves both. */
class Decoder extends Module {
  private readonly up: ConvTranspose2d;
  private readonly convs: DoubleConv;

  constructor(builder: Builder, inChannels: number, skipChannels: number) {
    super(builder);
    this.up = this.child('up', (b) => new ConvTranspose2d(b, inChannels, inChannels, { kernelSize: 2, stride: 2 }));
    // The convolutions are named beside `up`, not within a module of their own: dec1.conv1, dec1.bn1, …
    this.convs = this.adopt(new DoubleConv(builder, skipChannels + inChannels, skipChannels));
  }

  apply(x: Tensor, skip: Tensor, training: boolean): Tensor {
    const joined = this.scoped(() => {
      const up = this.up.apply(x);
      const [, height, width] = skip.shape;
      const fits = up.shape[1] === height && up.shape[2] === width;
      return concat([skip, fits ? up : resizeBilinear(up, { size: [height, width] })]);
    });
    return this.convs.apply(joined, training);
  }
}
