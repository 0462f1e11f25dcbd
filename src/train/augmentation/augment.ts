import { SondeError } from '../../engine/errors.js';
import { LANDMARK_NAMES, type Landmarks, type Point } from '../../model/landmarks.js';
import { type Affine, frameAffine, invertIsometry, transformPoint } from './affine.js';
import { gaussianBlur } from './blur.js';
import {
  type AugmentationDraws,
  type AugmentationKey,
  type AugmentationSettings,
  drawAugmentation,
  SAME_PLACE,
} from './draws.js';
import { jitter } from './jitter.js';
import { warp } from './warp.js';

/** A frame that cannot be augmented. */
export class AugmentationError extends SondeError {
  override name = 'AugmentationError';
}

/** A square frame as the network sees it, with its labels. */
export interface LabelledFrame {
  /** Luminance in [0, 1], size×size, row-major. */
  readonly pixels: Float32Array;
  readonly size: number;
  /** In pixels of this frame. */
  readonly landmarks: Landmarks;
}

/** Geometries drawn for a frame before it is left in its place. */
export const ATTEMPTS = 50;

/**
 * The paper's augmentation of one frame: jitter of brightness and contrast, blur, flips, rotation and translation, the
 * landmarks moving along and keeping their names. A geometry that puts a landmark off the frame is drawn again; after
 * 50 such draws the frame stays in its place. All depends on `key` alone. The frame given is left as it is.
 *
 * @throws AugmentationError, RandomKeyError
 */
export function augment(
  frame: LabelledFrame,
  settings: AugmentationSettings,
  key: AugmentationKey,
): { pixels: Float32Array; landmarks: Landmarks; draws: AugmentationDraws } {
  const draws = drawOnFrame(frame, settings, key);
  return { ...applyAugmentation(frame, draws), draws };
}

/**
 * Appearance first, on the frame without black corners, then the geometry in a single resampling. @throws
 * AugmentationError
 */
export function applyAugmentation(
  frame: LabelledFrame,
  draws: AugmentationDraws,
): { pixels: Float32Array; landmarks: Landmarks } {
  checkFrame(frame);
  const { size } = frame;
  const affine = frameAffine(draws, size);
  const jittered = jitter(frame.pixels, draws);
  const blurred = draws.blurSigma > 0 ? gaussianBlur(jittered, size, draws.blurSigma) : jittered;
  return {
    pixels: warp(blurred, size, invertIsometry(affine)),
    landmarks: transformLandmarks(affine, frame.landmarks),
  };
}

/** The draws of a frame, its geometry drawn again until the landmarks stay on it. @throws RandomKeyError */
export function drawOnFrame(
  { size, landmarks }: Pick<LabelledFrame, 'size' | 'landmarks'>,
  settings: AugmentationSettings,
  key: AugmentationKey,
): AugmentationDraws {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const draws = drawAugmentation(settings, key, attempt);
    const moved = transformLandmarks(frameAffine(draws, size), landmarks);
    if (LANDMARK_NAMES.every((name) => isOnFrame(moved[name], size))) return draws;
  }
  return { ...drawAugmentation(settings, key, 0), ...SAME_PLACE };
}

function transformLandmarks(affine: Affine, { ps1, ps2, fh1 }: Landmarks): Landmarks {
  return {
    ps1: transformPoint(affine, ps1),
    ps2: transformPoint(affine, ps2),
    fh1: transformPoint(affine, fh1),
  };
}

/** Whether a point lies within the outermost pixels, whose far sides are half a pixel beyond their centres. */
function isOnFrame({ x, y }: Point, size: number): boolean {
  return x >= -0.5 && y >= -0.5 && x <= size - 0.5 && y <= size - 0.5;
}

/** @throws AugmentationError unless a frame has its pixels and finite landmarks */
export function checkFrame({ pixels, size, landmarks }: LabelledFrame): void {
  if (!Number.isInteger(size) || size < 1 || pixels.length !== size * size) {
    throw new AugmentationError(
      `A frame of size ${size} has ${pixels.length} pixels; give size×size of them, for a whole size of at least 1.`,
    );
  }
  for (const name of LANDMARK_NAMES) {
    const { x, y } = landmarks[name];
    if (Number.isFinite(x) && Number.isFinite(y)) continue;
    throw new AugmentationError(
      `A frame has its ${name.toUpperCase()} at (${x}, ${y}); give finite coordinates, or leave the frame out.`,
    );
  }
}
