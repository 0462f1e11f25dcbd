import type { AppearanceDraws } from './draws.js';

/**
 * Brightness and contrast in the drawn order, as torchvision's `ColorJitter` on a grey image: each step is clamped to
 * [0, 1], and contrast blends with the mean that the step before has left. Returns a new array.
 */
export function jitter(pixels: Float32Array, { brightness, contrast, contrastFirst }: AppearanceDraws): Float32Array {
  const result = new Float32Array(pixels);
  if (contrastFirst) {
    blendWith(mean(result), contrast, result);
    blendWith(0, brightness, result);
  } else {
    blendWith(0, brightness, result);
    blendWith(mean(result), contrast, result);
  }
  return result;
}

/** pixel ← factor·pixel + (1 − factor)·grey, clamped to [0, 1]. */
function blendWith(grey: number, factor: number, pixels: Float32Array): void {
  const offset = (1 - factor) * grey;
  for (let i = 0; i < pixels.length; i++) pixels[i] = Math.min(1, Math.max(0, factor * pixels[i] + offset));
}

function mean(pixels: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < pixels.length; i++) sum += pixels[i];
  return sum / pixels.length;
}
