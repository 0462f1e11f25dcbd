import { concat, maxPool2d, type Tensor } from '../../src/index.js';
import { type Builder, Conv2d, ConvTranspose2d, DoubleConv, Module } from '../../src/model/index.js';

const LEVELS = 4;

/**
 * The U-Net on which engines are compared: four levels of two 3×3 convolutions with batch norm and ReLU, 2×2 max-pool
 * on the way down, transposed convolution and concatenation on the way up, one heatmap for each of three points. 1.15
 * GFLOP forward and 3.45 GFLOP a training step at base 16, batch 4, 64×64, counting convolutions only.
 */
export class SmallUNet extends Module {
  private readonly encoders: DoubleConv[] = [];
  private readonly ups: ConvTranspose2d[] = [];
  private readonly decoders: DoubleConv[] = [];
  private readonly head: Conv2d;

  constructor(builder: Builder, base = 16, points = 3) {
    super(builder);
    const channels = Array.from({ length: LEVELS }, (_, level) => base * 2 ** level);
    for (const [level, width] of channels.entries()) {
      const inChannels = level === 0 ? 1 : channels[level - 1];
      this.encoders.push(this.child(`enc${level + 1}`, (b) => new DoubleConv(b, inChannels, width)));
    }
    for (const [level, width] of channels.slice(0, -1).entries()) {
      const up = (b: Builder) => new ConvTranspose2d(b, 2 * width, width, { kernelSize: 2, stride: 2 });
      this.ups.push(this.child(`up${level + 1}`, up));
      this.decoders.push(this.child(`dec${level + 1}`, (b) => new DoubleConv(b, 2 * width, width)));
    }
    this.head = this.child('head', (b) => new Conv2d(b, base, points, { kernelSize: 1 }));
  }

  /** @param images [N, H, W, 1], H and W multiples of 8. @returns [N, H, W, points] */
  logits(images: Tensor, { training }: { readonly training: boolean }): Tensor {
    const skips: Tensor[] = [];
    let x = images;
    for (const [level, encoder] of this.encoders.entries()) {
      if (level > 0) x = maxPool2d(x, { kernelSize: 2 });
      x = encoder.apply(x, training);
      skips.push(x);
    }
    for (let level = LEVELS - 2; level >= 0; level--) {
      x = this.decoders[level].apply(concat([skips[level], this.ups[level].apply(x)]), training);
    }
    return this.head.apply(x);
  }
}
