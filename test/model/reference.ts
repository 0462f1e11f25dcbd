import { batchNormReference } from '../../src/kernels/batchNorm/reference.js';
import { conv2dReference, type Reference } from '../../src/kernels/conv2d/reference.js';
import { convTranspose2dReference } from '../../src/kernels/convTranspose2d/reference.js';
import { bilinear, resizeReference } from '../../src/kernels/resize2d/reference.js';
import type { DsntDeepUNet } from '../../src/model/index.js';

const geometry = { stride: [1, 1], padding: [0, 0], dilation: [1, 1], groups: 1 } as const;

/**
 * DSNT-DeepUNet in training mode in float64, from the layers' references and the names of its weights alone.
 *
 * @param pixels [N, H, W, inC]
 */
export async function referenceLogits(
  model: DsntDeepUNet,
  pixels: ArrayLike<number>,
  shape: readonly number[],
  { preset, depth }: { preset: 'stride' | 'pool'; depth: number },
): Promise<Reference> {
  const weights = new Map<string, Reference>();
  for (const { name, tensor } of model.named()) {
    weights.set(name, { shape: tensor.shape, values: Float64Array.from(await tensor.data()) });
  }
  const weight = (name: string): Reference => {
    const found = weights.get(name);
    if (!found) throw new Error(`the model has no ${name}`);
    return found;
  };

  const convolve = (x: Reference, level: string, number: 1 | 2, stride: number): Reference => {
    const convolved = conv2dReference(x, weight(`${level}.conv${number}.weight`), {
      ...geometry,
      stride: [stride, stride],
      padding: [1, 1],
    });
    const norm = `${level}.bn${number}`;
    const { values: scale } = weight(`${norm}.weight`);
    const { values: shift } = weight(`${norm}.bias`);
    return { shape: convolved.shape, values: batchNormReference(convolved.values, scale, shift, { relu: true }) };
  };
  const pair = (x: Reference, level: string, stride = 1) => convolve(convolve(x, level, 1, stride), level, 2, 1);

  const levels: Reference[] = [];
  let x: Reference = { shape, values: Float64Array.from(pixels) };
  for (let level = 1; level <= depth; level++) {
    x = preset === 'pool' ? halve(pair(x, `enc${level}`)) : pair(x, `enc${level}`, 2);
    levels.push(x);
  }
  for (let step = 1; step <= depth - 3; step++) {
    const skip = levels[depth - 1 - step];
    const up = convTranspose2dReference(
      x,
      weight(`dec${step}.up.weight`),
      { ...geometry, stride: [2, 2], outputPadding: [0, 0] },
      weight(`dec${step}.up.bias`),
    );
    x = pair(join(skip, up), `dec${step}`);
  }
  return conv2dReference(x, weight('head.weight'), geometry, weight('head.bias'));
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
  const fitted = resizeReference(up.values, up.shape, [height, width], bilinear(false));
  const joined: number[] = [];
  for (let cell = 0; cell < n * height * width; cell++) {
    joined.push(...skip.values.subarray(cell * channels, (cell + 1) * channels));
    joined.push(...fitted.subarray(cell * upChannels, (cell + 1) * upChannels));
  }
  return { shape: [n, height, width, channels + upChannels], values: Float64Array.from(joined) };
}
