import { LANDMARK_NAMES, type Landmarks } from '../landmarks.js';
import { type FrameDistance, frameDistance } from './distance.js';
import type { Calibration, FrameUncertainty } from './frame.js';

/**
 * Predicted error of a frame, px of a 512 px frame, above which no model is trusted, however usual it is for that
 * model: the loosest of the success radii.
 */
export const MOST_PREDICTED_ERROR = 20;

/** Confidence of a landmark below which no model is trusted: less than half of its heatmap supports the point. */
export const LEAST_CONFIDENCE = 0.5;

/** Reasons to doubt a prediction. */
export interface Doubts {
  /** Undefined where the calibration does not describe the frames that the model knows. */
  readonly distance: FrameDistance | undefined;
  /** One sentence each; none where nothing speaks against it. */
  readonly reasons: readonly string[];
}

/**
 * Why a person should look at a frame: by the model's own standard (the calibration's threshold), by one that holds for
 * every model, and because the frame is unlike those that the model knows.
 *
 * @param prediction Its confidences and features, as `FramePrediction` has them
 * @param uncertainty Uncertainty of the prediction, px of a 512 px frame
 */
export function doubtsAbout(
  {
    confidence,
    features,
  }: { readonly confidence: Readonly<Record<keyof Landmarks, number>>; readonly features: Float32Array },
  uncertainty: FrameUncertainty,
  calibration: Calibration | undefined,
): Doubts {
  const reasons: string[] = [];
  const { predictedError, lowConfidence } = uncertainty;
  if (calibration !== undefined && predictedError > MOST_PREDICTED_ERROR) {
    reasons.push(
      `The expected error is ${predictedError.toFixed(0)} px of a 512 px frame; above ${MOST_PREDICTED_ERROR} px no landmark is reliable.`,
    );
  } else if (lowConfidence) {
    reasons.push('The model is less confident about this frame than about most.');
  }
  const unsure = LANDMARK_NAMES.filter((name) => confidence[name] < LEAST_CONFIDENCE);
  if (unsure.length > 0) {
    const each = unsure.map((name) => `${name.toUpperCase()} (${Math.round(100 * confidence[name])} %)`);
    reasons.push(`Less than half of the heatmap supports ${each.join(' and ')}.`);
  }
  const known = calibration?.features;
  if (!known) return { distance: undefined, reasons };
  const distance = { value: frameDistance(features, known), threshold: known.threshold };
  if (distance.value > distance.threshold) {
    reasons.push(
      `This frame is unlike the frames that the model knows (distance ${distance.value.toFixed(1)}, where theirs is at most ` +
        `${distance.threshold.toFixed(1)}): it may show something else.`,
    );
  }
  return { distance, reasons };
}
