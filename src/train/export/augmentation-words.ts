import type { TrainingConfig } from '../config/index.js';
import { percent } from '../metrics/percent.js';

/** What a configuration does to its training frames, in words; "none" where it does nothing. */
export function augmentationInWords({ augmentation }: Pick<TrainingConfig, 'augmentation'>): string {
  const { enabled, brightness, contrast, blur, horizontalFlip, verticalFlip, rotation, translation } = augmentation;
  const parts = [
    brightness > 0 && `brightness ± ${rounded(brightness)}`,
    contrast > 0 && `contrast ± ${rounded(contrast)}`,
    blur.probability > 0 &&
      blur.sigma[1] > 0 &&
      `blur (σ ${blur.sigma[0]} to ${blur.sigma[1]}) of ${rounded(blur.probability)} of the frames`,
    horizontalFlip > 0 && `horizontal flips of ${rounded(horizontalFlip)}`,
    verticalFlip > 0 && `vertical flips of ${rounded(verticalFlip)}`,
    rotation > 0 && `rotation up to ${rotation}°`,
    translation > 0 && `translation up to ${translation} px of a 512 px frame`,
  ].filter((part) => part !== false);
  return enabled && parts.length > 0 ? parts.join(', ') : 'none';
}

/** As in "25 %" and "12.5 %". */
function rounded(share: number): string {
  return percent(share).replace('.0 %', ' %');
}
