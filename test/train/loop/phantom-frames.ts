import { FrameTransform, generatePhantom, type NetworkFrame } from '../../../src/train/index.js';

/**
 * Labelled frames of `size` px without disturbances, numbered from `first`. The same arguments give the same frames.
 */
export function phantomFrames(count: number, size: number, first = 0): NetworkFrame[] {
  return Array.from({ length: count }, (_, i) => {
    const { pixels, landmarks } = generatePhantom({ seed: 11, index: first + i, difficulty: 0, size });
    const grey = Float32Array.from(pixels, (value) => value / 255);
    return {
      file: `phantom-${first + i}.png`,
      pixels: grey,
      size,
      landmarks,
      transform: new FrameTransform(1, { x: 0, y: 0 }),
      outOfSight: [],
      original: { width: size, height: size, pixels: grey },
    };
  });
}
