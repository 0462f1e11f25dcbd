import type { TrainingConfig } from '../config/index.js';
import { RandomStream } from '../philox.js';

/** What augmentation does, wherever it is done. */
export type AugmentationSettings = Omit<TrainingConfig['augmentation'], 'device'>;

/** Names one frame's augmentation in one epoch: whole numbers from 0 to 2³² − 1. */
export type AugmentationKey = readonly [seed: number, epoch: number, index: number];

/** How a frame's greys change. */
export interface AppearanceDraws {
  /** Factor of the greys; 1 leaves them. */
  readonly brightness: number;
  /** Factor of their distance from the frame's mean; 1 leaves them. */
  readonly contrast: number;
  readonly contrastFirst: boolean;
  /** Standard deviation of the blur, px of this frame; 0 for none. */
  readonly blurSigma: number;
}

/** How a frame moves: flips first, then the rotation about the frame's centre, then the translation. */
export interface GeometryDraws {
  readonly horizontalFlip: boolean;
  readonly verticalFlip: boolean;
  /** Degrees, clockwise on the screen. */
  readonly rotation: number;
  /** Pixels of a 512 px frame. */
  readonly translation: { readonly x: number; readonly y: number };
}

/** All that chance decides about the augmentation of one frame. The same draws fit a frame of any size. */
export interface AugmentationDraws extends AppearanceDraws, GeometryDraws {}

const SAME_APPEARANCE: AppearanceDraws = { brightness: 1, contrast: 1, contrastFirst: false, blurSigma: 0 };

/** A frame that stays where it is. */
export const SAME_PLACE: GeometryDraws = {
  horizontalFlip: false,
  verticalFlip: false,
  rotation: 0,
  translation: { x: 0, y: 0 },
};

/**
 * The draws of one frame. Another `attempt` has another geometry and the same appearance. Every quantity has its own
 * place in its stream, so changing one setting leaves the other draws as they were.
 *
 * @throws RandomKeyError
 */
export function drawAugmentation(
  settings: AugmentationSettings,
  [seed, epoch, index]: AugmentationKey,
  attempt: number,
): AugmentationDraws {
  if (!settings.enabled) return { ...SAME_APPEARANCE, ...SAME_PLACE };
  return {
    ...drawAppearance(new RandomStream('appearance', { seed, epoch, index }), settings),
    ...drawGeometry(new RandomStream('geometry', { seed, epoch, index, attempt }), settings),
  };
}

function drawAppearance(stream: RandomStream, { brightness, contrast, blur }: AugmentationSettings): AppearanceDraws {
  const factor = (strength: number) => stream.uniform(Math.max(0, 1 - strength), 1 + strength);
  const jitter = { brightness: factor(brightness), contrast: factor(contrast), contrastFirst: stream.chance(0.5) };
  const blurred = stream.chance(blur.probability);
  const sigma = stream.uniform(...blur.sigma);
  return { ...jitter, blurSigma: blurred ? sigma : 0 };
}

function drawGeometry(stream: RandomStream, settings: AugmentationSettings): GeometryDraws {
  const within = (bound: number) => stream.uniform(-bound, bound);
  return {
    horizontalFlip: stream.chance(settings.horizontalFlip),
    verticalFlip: stream.chance(settings.verticalFlip),
    rotation: within(settings.rotation),
    translation: { x: within(settings.translation), y: within(settings.translation) },
  };
}
