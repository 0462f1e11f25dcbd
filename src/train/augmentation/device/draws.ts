import { linearGrid, type Operation, record, type Tensor } from '../../../engine/index.js';
import { F32, U32 } from '../../../engine/operands.js';
import philox from '../../../engine/philox.wgsl';
import { kernel, uniforms } from '../../../engine/wgsl/index.js';
import type { AugmentationSettings } from '../draws.js';
import drawsKernel from './draws.wgsl';

/** What was drawn for a batch of N frames, on the device. */
export interface DeviceDraws {
  /** Brightness, contrast, and 1 where contrast comes first, else 0: [N, 3]. */
  readonly factors: Tensor;
  /** Standard deviation of the blur, px; 0 for none: [N]. */
  readonly sigma: Tensor;
  /**
   * Horizontal and vertical flip (0 or 1), rotation in degrees, translation along x and y in px of a 512 px frame: [N,
   * 5].
   */
  readonly geometry: Tensor;
  /** From pixels of the augmented frame to those of the stored one, row-major 2×3: [N, 6]. */
  readonly inverses: Tensor;
  /** x, y of PS1, PS2, FH1 on the augmented frame, px: [N, 3, 2]. */
  readonly landmarks: Tensor;
}

interface Attributes {
  readonly settings: AugmentationSettings;
  readonly size: number;
  readonly attempts: number;
}

/**
 * Draws the augmentation of a batch on the device, as `augment` draws it on the CPU: the same words of the same
 * streams, the same geometries drawn again.
 *
 * @param labels Landmarks of all frames of the set, px, [frames, 3, 2].
 * @param indices Which frames, u32 [N]; modulo the number of frames, so that a frame has many numbers, each with
 * draws of its own.
 * @param key Seed and epoch, u32 [2].
 * @param attempts Geometries drawn for a frame before it is left in its place; 0 leaves all in their places.
 */
export function drawOnDevice(
  labels: Tensor,
  indices: Tensor,
  key: Tensor,
  attributes: { readonly settings: AugmentationSettings; readonly size: number; readonly attempts: number },
): DeviceDraws {
  const [factors, sigma, geometry, inverses, landmarks] = record(drawsOperation, [indices, key, labels], attributes);
  return { factors, sigma, geometry, inverses, landmarks };
}

const drawsUniforms = uniforms({
  images: 'u32',
  frames: 'u32',
  attempts: 'u32',
  /** Chances: the least word above those that mean yes, less one; and 0 where none does. */
  blur_possible: 'u32',
  blur_last: 'u32',
  horizontal_possible: 'u32',
  horizontal_last: 'u32',
  vertical_possible: 'u32',
  vertical_last: 'u32',
  size: 'f32',
  brightness_low: 'f32',
  brightness_high: 'f32',
  contrast_low: 'f32',
  contrast_high: 'f32',
  sigma_low: 'f32',
  sigma_high: 'f32',
  rotation: 'f32',
  translation: 'f32',
});

function factors(strength: number): [low: number, high: number] {
  return [Math.max(0, 1 - strength), 1 + strength];
}

const drawsOperation: Operation<Attributes> = {
  name: 'drawAugmentation',
  operands: { indices: U32, key: U32, labels: F32 },

  shape: ([{ shape }]) => {
    const [images] = shape;
    return [[images, 3], [images], [images, 5], [images, 6], [images, 3, 2]].map((own) => ({
      shape: own,
      dtype: 'f32',
    }));
  },

  lower(lowering, [indices, key, labels], outputs, { settings, size, attempts }) {
    const { brightness, contrast, blur, horizontalFlip, verticalFlip, rotation, translation } = settings;
    const [brightness_low, brightness_high] = factors(brightness);
    const [contrast_low, contrast_high] = factors(contrast);
    const [sigma_low, sigma_high] = blur.sigma;
    const [blur_possible, blur_last] = wordsBelow(blur.probability);
    const [horizontal_possible, horizontal_last] = wordsBelow(horizontalFlip);
    const [vertical_possible, vertical_last] = wordsBelow(verticalFlip);
    const [images] = indices.shape;
    lowering.dispatch({
      label: 'drawAugmentation',
      ...kernel(philox + drawsKernel, {
        uniforms: drawsUniforms({
          images,
          frames: labels.shape[0],
          attempts,
          size,
          rotation,
          translation,
          blur_possible,
          blur_last,
          horizontal_possible,
          horizontal_last,
          vertical_possible,
          vertical_last,
          brightness_low,
          brightness_high,
          contrast_low,
          contrast_high,
          sigma_low,
          sigma_high,
        }),
      }),
      bindings: [indices, key, labels, ...outputs],
      writes: outputs.map((_, i) => 3 + i),
      workgroups: linearGrid(images),
    });
  },
};

/** Which of the 2³² words lie below a probability: whether any does, and the last that does. */
function wordsBelow(probability: number): [possible: number, last: number] {
  const count = Math.min(2 ** 32, Math.ceil(probability * 2 ** 32));
  return count === 0 ? [0, 0] : [1, count - 1];
}
