import { linearGrid, type Operation, record, type Tensor } from '../../../engine/index.js';
import { F32, U32 } from '../../../engine/operands.js';
import philox from '../../../engine/philox.wgsl';
import type { AugmentationSettings } from '../draws.js';
import drawsKernel from './draws.wgsl';

/** What was drawn for a batch of N frames, on the device. */
export interface DeviceDraws {
  /** Brightness, contrast, and 1 where contrast comes first, else 0: [N, 3]. */
  readonly factors: Tensor;
  /** Standard deviation of the blur, px; 0 for none: [N]. */
  readonly sigma: Tensor;
  /** Horizontal and vertical flip (0 or 1), rotation in degrees, translation along x and y in px of a 512 px frame: [N, 5]. */
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
 * Draws the augmentation of a batch on the device, as `augment` draws it on the CPU: the same words of the same streams, the same
 * geometries drawn again.
 *
 * @param labels Landmarks of all frames of the set, px, [frames, 3, 2].
 * @param indices Which frames, u32 [N].
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
    const factor = (strength: number) => [Math.max(0, 1 - strength), 1 + strength];
    const [images] = indices.shape;
    lowering.dispatch({
      label: 'drawAugmentation',
      source: philox + drawsKernel,
      bindings: [indices, key, labels, ...outputs],
      writes: outputs.map((_, i) => 3 + i),
      uniforms: {
        u32: [
          ...[images, labels.shape[0], attempts],
          ...[blur.probability, horizontalFlip, verticalFlip].flatMap(wordsBelow),
        ],
        f32: [size, ...factor(brightness), ...factor(contrast), ...blur.sigma, rotation, translation],
      },
      workgroups: linearGrid(images),
    });
  },
};

/** Which of the 2³² words lie below a probability: whether any does, and the last that does. */
function wordsBelow(probability: number): [possible: number, last: number] {
  const count = Math.min(2 ** 32, Math.ceil(probability * 2 ** 32));
  return count === 0 ? [0, 0] : [1, count - 1];
}
