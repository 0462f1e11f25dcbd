import type { Tensor } from '../../../engine/index.js';
import { gatherFrames, gaussianBlur, greyJitterTables, sampleAffine } from '../../../kernels/index.js';
import { ATTEMPTS } from '../augment.js';
import type { AugmentationSettings } from '../draws.js';
import { type DeviceDraws, drawOnDevice } from './draws.js';
import type { FrameStore } from './frame-store.js';

/** A batch as the network takes it, and how it came about. */
export interface AugmentedBatch {
  /** Luminance in [0, 1], [N, size, size, 1]. */
  readonly images: Tensor;
  /** x, y of PS1, PS2, FH1, px of these images, [N, 3, 2]. */
  readonly landmarks: Tensor;
  readonly draws: DeviceDraws;
}

/**
 * The paper's augmentation of a batch, on the device: what `augment` does to each frame on the CPU, to a grey level and
 * to 10⁻³ px. Jitter is a table over the 256 values of the stored frame, which needs no pass over the pixels of its
 * own; then the blur, and the geometry in a single resampling. With `enabled: false` frames come as they are.
 *
 * To be called within a compiled function, so that a batch costs the transfer of indices and key alone.
 *
 * @param indices Which frames of the store, u32 [N].
 * @param key Seed and epoch, u32 [2].
 * @param numbers What draws depend on beside the key, u32 [N]: as `drawOnDevice` takes it.
 */
export function augmentFrames(
  store: FrameStore,
  indices: Tensor,
  key: Tensor,
  settings: AugmentationSettings,
  numbers: Tensor = indices,
): AugmentedBatch {
  const { chunks, labels, histograms, frameSize } = store;
  const size = [frameSize, frameSize] as const;
  const attempts = settings.enabled ? ATTEMPTS : 0;
  const draws = drawOnDevice(labels, numbers, key, { settings, size: frameSize, attempts });
  const { landmarks } = draws;
  if (!settings.enabled) return { images: gatherFrames(chunks, indices, { size }), landmarks, draws };

  const jitters = settings.brightness > 0 || settings.contrast > 0;
  const tables = jitters ? greyJitterTables(histograms, indices, draws.factors) : undefined;
  const greys = gatherFrames(chunks, indices, { size, tables });
  const [, maxSigma] = settings.blur.sigma;
  const blurs = settings.blur.probability > 0 && maxSigma > 0;
  const blurred = blurs ? gaussianBlur(greys, draws.sigma, { maxSigma }) : greys;
  const { horizontalFlip, verticalFlip, rotation, translation } = settings;
  const moves = horizontalFlip > 0 || verticalFlip > 0 || rotation > 0 || translation > 0;
  return { images: moves ? sampleAffine(blurred, draws.inverses) : blurred, landmarks, draws };
}
