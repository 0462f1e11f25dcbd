import type { Tensor } from '../engine/index.js';
import { concat, resizeBilinear } from '../kernels/index.js';
import { ConvTranspose2d, DoubleConv } from './layers.js';
import { type Builder, Module } from './module.js';

export interface DecoderOptions {
  /** Channels from below. */
  readonly inChannels: number;
  /** Channels after the transposed convolution. */
  readonly upChannels: number;
  /** Channels of the encoder's features that are joined; 0 where the level has none. */
  readonly skipChannels: number;
  readonly outChannels: number;
  /** Whether the 3×3 convolutions have a bias. */
  readonly bias?: boolean;
}

/**
 * A level of a U-Net's way up: doubles the resolution by a transposed convolution, joins the encoder's features of that
 * level as [skip, up], and convolves both twice. Where frames do not halve evenly, what comes up is resized to the skip
 * bilinearly.
 */
export class Decoder extends Module {
  private readonly up: ConvTranspose2d;
  private readonly convs: DoubleConv;

  constructor(builder: Builder, { inChannels, upChannels, skipChannels, outChannels, bias }: DecoderOptions) {
    super(builder);
    this.up = this.child('up', (b) => new ConvTranspose2d(b, inChannels, upChannels, { kernelSize: 2, stride: 2 }));
    // The convolutions are named beside `up`, not within a module of their own: dec1.conv1, dec1.bn1, …
    this.convs = this.adopt(new DoubleConv(builder, skipChannels + upChannels, outChannels, { bias }));
  }

  /**
   * @param x [N, H, W, inChannels]
   * @param skip [N, h, w, skipChannels], or only the size [h, w] where nothing is joined
   * @returns [N, h, w, outChannels]
   */
  apply(x: Tensor, skip: Tensor | readonly [height: number, width: number], training: boolean): Tensor {
    const joined = this.scoped(() => {
      if (isSize(skip)) return sizedAs(this.up.apply(x), skip);
      const [, height, width] = skip.shape;
      return concat([skip, sizedAs(this.up.apply(x), [height, width])]);
    });
    return this.convs.apply(joined, training);
  }
}

function isSize(skip: Tensor | readonly [number, number]): skip is readonly [number, number] {
  return Array.isArray(skip);
}

function sizedAs(x: Tensor, [height, width]: readonly [number, number]): Tensor {
  return x.shape[1] === height && x.shape[2] === width ? x : resizeBilinear(x, { size: [height, width] });
}
