import type { TrainingConfig } from '../config/index.js';

/** What a configuration does to its training frames, in words; "none" where it does nothing. */
export function augmentationInWords({ augmentation }: Pick<TrainingConfig, 'augmentation'>): string {
  const { enabled, brightness, contrast, blur, horizontalFlip, verticalFlip, rotation, translation } = augmentation;
  const parts = [
    brightness > 0 && `brightness ± ${percent(brightness)}`,
    contrast > 0 && `contrast ± ${percent(contrast)}`,
    blur.probability > 0 &&
      blur.sigma[1] > 0 &&
      `blur (σ ${blur.sigma[0]} to ${blur.sigma[1]}) of ${percent(blur.probability)} of the frames`,
    horizontalFlip > 0 && `horizontal flips of ${percent(horizontalFlip)}`,
    verticalFlip > 0 && `vertical flips of ${percent(verticalFlip)}`,
    rotation > 0 && `rotation up to ${rotation}°`,
    translation > 0 && `translation up to ${translation} px of a 512 px frame`,
  ].filter((part) => part !== false);
  return enabled && parts.length > 0 ? parts.join(', ') : 'none';
}

function percent(share: number): string {
  return `${Number((100 * share).toFixed(1))} %`;
}
