import { scaleTo512 } from '../../model/coordinates.js';
import type { FramePrediction } from '../../model/predictor.js';
import type { NetworkFrame } from '../dataset/frames.js';
import type { UncertainCase } from '../uncertainty/index.js';

/** Pixels of a 512 px frame in one of the original frame's. */
export function scaleOf({ size, transform }: NetworkFrame): number {
  return (512 * transform.scale) / size;
}

/** A frame's prediction beside its truth, in pixels of a 512 px frame. */
export function caseOf(frame: NetworkFrame, { landmarks, uncertainty }: FramePrediction): UncertainCase {
  const { size, original } = frame;
  const spacing = original?.spacing;
  const scale = scaleOf(frame);
  return {
    predicted: scaleTo512(landmarks, size),
    truth: scaleTo512(frame.landmarks, size),
    uncertainty,
    ...(spacing === undefined ? {} : { spacing: { x: spacing.x / scale, y: spacing.y / scale } }),
  };
}
