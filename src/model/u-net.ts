import { cast, type Tensor } from '../engine/index.js';
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

export interface UNetOptions extends HeatmapNetworkOptions {
  /** Poolings on the way down; as many levels double the channels. The baseline: 4. */
  readonly depth?: number;
}

export const uNetOptions: OptionKinds<UNetOptions> = { ...networkOptions, depth: kinds.optional(kinds.whole(1)) };
const uNetTakes = signature('UNet', { builder: builderKind }, uNetOptions);

/**
 * The challenge organizers' U-Net baseline: double convolutions with bias, 2×2 max-pools, and a decoder that climbs
 * back to the frame's own size, whose heatmaps are then resized to an eighth (bilinear, corners aligned). 31,043,651
 * parameters at base 64, depth 4 and three input channels.
 *
 * Weights are named `enc1`…`enc4`, `bottleneck` and `dec1`…`dec4`, each with `conv1 bn1 conv2 bn2` (decoders `up`
 * first), and `head`.
 */
export class UNet extends HeatmapNetwork {
  private readonly encoders: DoubleConv[] = [];
  private readonly bottleneck: DoubleConv;
  private readonly decoders: Decoder[] = [];
  private readonly head: Conv2d;

  constructor(builder: Builder, options: UNetOptions = {}) {
    uNetTakes(arguments);
    super(builder, { ...options, inChannels: options.inChannels ?? 3 });
    const { base = 64, depth = 4 } = options;
    const bias = true;
    const channelsOf = (level: number) => (level === 0 ? this.inChannels : base * 2 ** (level - 1));
    const convs = (level: number) => (b: Builder) =>
      new DoubleConv(b, channelsOf(level - 1), channelsOf(level), { bias });
    for (let level = 1; level <= depth; level++) this.encoders.push(this.child(`enc${level}`, convs(level)));
    this.bottleneck = this.child('bottleneck', convs(depth + 1));
    for (let level = depth; level >= 1; level--) {
      const own = channelsOf(level);
      const options = { inChannels: 2 * own, upChannels: own, skipChannels: own, outChannels: own, bias };
      this.decoders.push(this.child(`dec${depth + 1 - level}`, (b) => new Decoder(b, options)));
    }
    this.head = this.child('head', (b) => new Conv2d(b, base, this.landmarks, { kernelSize: 1 }));
  }

  protected override checkSize(size: readonly [height: number, width: number]): void {
    this.checkPoolings(size, this.encoders.length);
  }

  protected override forward(images: Tensor, training: boolean): NetworkOutput {
    const skips: Tensor[] = [];
    let x = images;
    for (const encoder of this.encoders) {
      const below = x;
      const [features, pooled] = this.level(() => {
        const own = encoder.apply(below, training);
        return [own, maxPool2d(own, { kernelSize: 2 })];
      });
      skips.push(features);
      x = pooled;
    }
    const deepest = x;
    x = this.level(() => this.bottleneck.apply(deepest, training));
    const encoded = [...skips, x];
    for (const [index, decoder] of this.decoders.entries()) {
      const below = x;
      const skip = skips[this.encoders.length - 1 - index];
      x = this.level(() => decoder.apply(below, skip, training));
    }
    const [, height, width] = images.shape;
    const size = this.heatmapSize([height, width]);
    return { heatmaps: resizeBilinear(this.head.apply(cast(x, 'f32')), { size, alignCorners: true }), encoded };
  }
}
