import { type FrameResult, type Landmarks, measure, NOTICE } from '../../src/model/index.js';

const certain = {
  covariance: { xx: 1, xy: 0, yy: 1 },
  entropy: 1,
  peakMass: 0.9,
  predictedError: Math.SQRT2,
};

/** A result of a frame that was seen whole, calibrated and without doubts, but for what is given. */
export function resultWith(landmarks: Landmarks, given: Partial<FrameResult> = {}): FrameResult {
  const { width = 40, height = 36, spacing = null } = given;
  const seen = given.seen ?? { x: 0, y: 0, width, height };
  return {
    frame: 1,
    frameCount: 1,
    width,
    height,
    spacing,
    pixelAspectRatio: null,
    fit: 'crop',
    seen,
    brightOutside: 0,
    landmarks,
    ...measure(landmarks, { spacing, seen }),
    confidence: { ps1: 0.9, ps2: 0.8, fh1: 0.7 },
    uncertainty: {
      calibrated: true,
      predictedError: Math.SQRT2,
      landmarks: { ps1: certain, ps2: certain, fh1: certain },
      aop: null,
      distance: { value: 1, threshold: 2 },
    },
    lowConfidence: false,
    doubts: [],
    warnings: [],
    notice: NOTICE,
    ...given,
  };
}
