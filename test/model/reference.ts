import { batchNormReference } from '../../src/kernels/batch-norm/reference.js';
import { convTranspose2dReference } from '../../src/kernels/conv-transpose2d/reference.js';
import { conv2dReference, type Reference } from '../../src/kernels/conv2d/reference.js';
import { bilinear, resizeReference } from '../../src/kernels/resize2d/reference.js';
import type { Module } from '../../src/model/index.js';

const geometry = { stride: [1, 1], padding: [0, 0], dilation: [1, 1], groups: 1 } as const;

/** A network's layers in training mode in float64, by the names of its weights alone. */
class Layers {
  private constructor(private readonly weights: ReadonlyMap<string, Reference>) {}

  static async of(model: Module): Promise<Layers> {
    const weights = new Map<string, Reference>();
    for (const { name, tensor } of model.named()) {
      weights.set(name, { shape: tensor.shape, values: Float64Array.from(await tensor.data()) });
    }
    return new Layers(weights);
  }

  /** Both 3×3 convolutions of a level, with batch norm and ReLU, and with a bias where there is one. */
  pair(x: Reference, level: string, stride = 1): Reference {
    return this.convolve(this.convolve(x, level, 1, stride), level, 2, 1);
  }

  /** A level of the way up: doubled, brought to the size of the skip and joined behind it, convolved. */
  decode(x: Reference, level: string, skip: Reference | readonly number[]): Reference {
    const up = convTranspose2dReference(
      x,
      this.weight(`${level}.up.weight`),
      { ...geometry, stride: [2, 2], outputPadding: [0, 0] },
      this.weight(`${level}.up.bias`),
    );
    return this.pair('shape' in skip ? join(skip, up) : resize(up, skip, false), level);
  }

  head(x: Reference): Reference {
    return conv2dReference(x, this.weight('head.weight'), geometry, this.weight('head.bias'));
  }

  private convolve(x: Reference, level: string, number: 1 | 2, stride: number): Reference {
    const convolved = conv2dReference(
      x,
      this.weight(`${level}.conv${number}.weight`),
      { ...geometry, stride: [stride, stride], padding: [1, 1] },
      this.weights.get(`${level}.conv${number}.bias`),
    );
    const { values: scale } = this.weight(`${level}.bn${number}.weight`);
    const { values: shift } = this.weight(`${level}.bn${number}.bias`);
    return { shape: convolved.shape, values: batchNormReference(convolved.values, scale, shift, { relu: true }) };
  }

  private weight(name: string): Reference {
    const found = this.weights.get(name);
    if (!found) throw new Error(`the model has no ${name}`);
    return found;
  }
}

/** Deep-UNet. @param pixels [N, H, W, inC] */
export async function deepUNetReference(
  model: Module,
  pixels: Reference,
  { preset, depth }: { preset: 'stride' | 'pool' | 'full'; depth: number },
): Promise<Reference> {
  const layers = await Layers.of(model);
  const [, height, width] = pixels.shape;
  const levels: Reference[] = [];
  let x = pixels;
  for (let level = 1; level <= depth; level++) {
    x = preset === 'pool' ? halve(layers.pair(x, `enc${level}`)) : layers.pair(x, `enc${level}`, 2);
    levels.push(x);
  }
  const climbed = preset === 'full' ? depth : depth - 3;
  for (let step = 1; step <= climbed; step++) {
    x = layers.decode(x, `dec${step}`, step === depth ? [height, width] : levels[depth - 1 - step]);
  }
  const maps = layers.head(x);
  return preset === 'full' ? resize(maps, [Math.ceil(height / 8), Math.ceil(width / 8)], true) : maps;
}

/** The U-Net baseline. @param pixels [N, H, W, inC] */
export async function uNetReference(model: Module, pixels: Reference, depth: number): Promise<Reference> {
  const layers = await Layers.of(model);
  const [, height, width] = pixels.shape;
  const skips: Reference[] = [];
  let x = pixels;
  for (let level = 1; level <= depth; level++) {
    skips.push(layers.pair(x, `enc${level}`));
    x = halve(skips[level - 1]);
  }
  x = layers.pair(x, 'bottleneck');
  for (let step = 1; step <= depth; step++) x = layers.decode(x, `dec${step}`, skips[depth - step]);
  return resize(layers.head(x), [Math.ceil(height / 8), Math.ceil(width / 8)], true);
}

/** 2×2 maxima; an odd last row or column is left out. */
function halve({ shape: [n, height, width, channels], values }: Reference): Reference {
  const shape = [n, Math.floor(height / 2), Math.floor(width / 2), channels];
  const pooled: number[] = [];
  for (let image = 0; image < n; image++) {
    for (let i = 0; i < shape[1]; i++) {
      for (let j = 0; j < shape[2]; j++) {
        for (let c = 0; c < channels; c++) {
          const at = (di: number, dj: number) =>
            values[((image * height + 2 * i + di) * width + 2 * j + dj) * channels + c];
          pooled.push(Math.max(at(0, 0), at(0, 1), at(1, 0), at(1, 1)));
        }
      }
    }
  }
  return { shape, values: Float64Array.from(pooled) };
}

/** The skip's channels, then those of `up`, brought to the skip's size where it differs. */
function join(skip: Reference, up: Reference): Reference {
  const [n, height, width, channels] = skip.shape;
  const upChannels = up.shape[3];
  const { values: fitted } = resize(up, [height, width], false);
  const joined: number[] = [];
  for (let cell = 0; cell < n * height * width; cell++) {
    joined.push(...skip.values.subarray(cell * channels, (cell + 1) * channels));
    joined.push(...fitted.subarray(cell * upChannels, (cell + 1) * upChannels));
  }
  return { shape: [n, height, width, channels + upChannels], values: Float64Array.from(joined) };
}

function resize({ shape, values }: Reference, [height, width]: readonly number[], alignCorners: boolean): Reference {
  return {
    shape: [shape[0], height, width, shape[3]],
    values: resizeReference(values, shape, [height, width], bilinear(alignCorners)),
  };
}
