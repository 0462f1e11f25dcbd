import { createHash } from 'node:crypto';
import { LANDMARK_NAMES } from '../../model/landmarks.js';
import type { NetworkFrame } from './frames.js';

/**
 * Identifies sets of frames by their names, pixels and labels: a run resumed on others would not be the same run.
 *
 * @param weights Of the first set's frames, which count where they are not all 1.
 */
export function fingerprintOf(sets: readonly (readonly NetworkFrame[])[], weights: readonly number[] = []): string {
  const hash = createHash('sha256');
  for (const frames of sets) {
    hash.update(`${frames.length} frames\n`);
    for (const { file, pixels, landmarks } of frames) {
      const points = LANDMARK_NAMES.map((name) => `${landmarks[name].x} ${landmarks[name].y}`);
      hash.update(`${file}\n${points.join(' ')}\n`);
      hash.update(new Uint8Array(pixels.buffer, pixels.byteOffset, pixels.byteLength));
    }
  }
  if (weights.some((weight) => weight !== 1)) hash.update(`weights ${weights.join(' ')}\n`);
  return hash.digest('hex');
}
