import { cast, ShapeError, type Tensor } from '../engine/index.js';
import * as kinds from '../engine/kinds.js';
import { type OptionKinds, signature } from '../engine/signature.js';
import { maxPool2d, resizeBilinear } from '../kernels/index.js';
import { Decoder } from './decoder.js';
import {
  builderKind,
  HeatmapNetwork,
  type HeatmapNetworkOptions,
  type NetworkOutput,
  networkOptions,
} from './heatmap-network.js';
import { Conv2d, DoubleConv } from './layers.js';
import type { Builder } from './module.js';

export interface DeepUNetOptions extends HeatmapNetworkOptions {
  /** Encoder levels, each halving the resolution. Paper: 7. */
  readonly depth?: number;
  /**
   * What the paper leaves open. `stride`: a level halves by the stride of its first convolution. `pool`: by a 2×2
   * max-pool at its end. Both climb back to an eighth of the frame. `full`: halves as `stride`, climbs back to the
   * frame's own size and resizes.
   */
  readonly preset?: 'stride' | 'pool' | 'full';
}

export const deepUNetOptions: OptionKinds<DeepUNetOptions> = {
  ...networkOptions,
  depth: kinds.optional(kinds.whole(1)),
  preset: kinds.optional(kinds.oneOf('stride', 'pool', 'full')),
};
const deepUNetTakes = signature('DeepUNet', { builder: builderKind }, deepUNetOptions);

/** The level whose resolution the heatmaps have: an eighth of the input. */
const HEATMAP_LEVEL = 3;

/**
 * Deep-UNet: a U-Net of seven levels (the source paper's network; docs/method.md has its table). 46,645,315 parameters
 * at base 64, depth 7 and one input channel, with preset `full` 47,801,283; levels double the channels up to eight
 * times the base.
 *
 * Weights are named `enc1`…`enc7` and `dec1`…`dec4` (`dec7` with preset `full`), each with `conv1 bn1 conv2 bn2`
 * (decoders `up` first), and `head`.
 */
export class DeepUNet extends HeatmapNetwork {
  private readonly encoders: DoubleConv[] = [];
  private readonly decoders: Decoder[] = [];
  private readonly head: Conv2d;
  private readonly preset: 'stride' | 'pool' | 'full';

  constructor(builder: Builder, options: DeepUNetOptions = {}) {
    deepUNetTakes(arguments);
    super(builder, options);
    const { base = 64, depth = 7, preset = 'stride' } = options;
    if (depth < HEATMAP_LEVEL) {
      throw new ShapeError(
        `DeepUNet: depth ${depth} does not reach the heatmaps' level; use at least ${HEATMAP_LEVEL}.`,
      );
    }
    this.preset = preset;
    const channelsOf = (level: number) => (level === 0 ? this.inChannels : base * 2 ** Math.min(level - 1, 3));
    const stride = preset === 'pool' ? 1 : 2;
    for (let level = 1; level <= depth; level++) {
      const make = (b: Builder) => new DoubleConv(b, channelsOf(level - 1), channelsOf(level), { stride });
      this.encoders.push(this.child(`enc${level}`, make));
    }
    const last = preset === 'full' ? 0 : HEATMAP_LEVEL;
    for (let level = depth - 1; level >= last; level--) {
      const below = channelsOf(level + 1);
      // No encoder has the frame's own size.
      const skipChannels = level === 0 ? 0 : channelsOf(level);
      const outChannels = level === 0 ? base : skipChannels;
      const make = (b: Builder) => new Decoder(b, { inChannels: below, upChannels: below, skipChannels, outChannels });
      this.decoders.push(this.child(`dec${depth - level}`, make));
    }
    const features = preset === 'full' ? base : channelsOf(HEATMAP_LEVEL);
    this.head = this.child('head', (b) => new Conv2d(b, features, this.landmarks, { kernelSize: 1 }));
  }

  override heatmapSize(size: readonly [height: number, width: number]): [height: number, width: number] {
    if (this.preset !== 'pool') return super.heatmapSize(size);
    // Poolings leave out an odd last row or column.
    return [Math.floor(size[0] / 2 ** HEATMAP_LEVEL), Math.floor(size[1] / 2 ** HEATMAP_LEVEL)];
  }

  protected override checkSize(size: readonly [height: number, width: number]): void {
    if (this.preset === 'pool') this.checkPoolings(size, this.encoders.length);
  }

  protected override forward(images: Tensor, training: boolean): NetworkOutput {
    const levels: Tensor[] = [];
    let x = images;
    for (const encoder of this.encoders) {
      const below = x;
      x = this.level(() => {
        const features = encoder.apply(below, training);
        return this.preset === 'pool' ? maxPool2d(features, { kernelSize: 2 }) : features;
      });
      levels.push(x);
    }
    const [, height, width] = images.shape;
    for (const [index, decoder] of this.decoders.entries()) {
      const below = x;
      const skip = levels[this.encoders.length - 2 - index] ?? [height, width];
      x = this.level(() => decoder.apply(below, skip, training));
    }
    const maps = this.head.apply(cast(x, 'f32'));
    if (this.preset !== 'full') return { heatmaps: maps, encoded: levels };
    const size = this.heatmapSize([height, width]);
    return { heatmaps: resizeBilinear(maps, { size, alignCorners: true }), encoded: levels };
  }
}
