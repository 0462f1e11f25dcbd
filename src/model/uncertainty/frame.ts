import { LANDMARK_NAMES, type Landmarks } from '../landmarks.js';
import { type AngleUncertainty, angleUncertainty } from './angle.js';
import { type Covariance, rootMeanSquare, scaleCovariance } from './covariance.js';
import type { HeatmapUncertainty } from './heatmap.js';

/** What the heatmaps of a frame say, covariances in px² of a 512 px frame. */
export type FrameHeatmaps = Readonly<Record<keyof Landmarks, HeatmapUncertainty>>;

/**
 * What makes the numbers of a model's heatmaps mean something: found on frames whose truth is known and which the model was
 * not trained on.
 */
export interface Calibration {
  /** What the standard deviations of each landmark's heatmap are multiplied by. */
  readonly scale: Readonly<Record<keyof Landmarks, number>>;
  /** What the standard deviation of the angle is multiplied by after that: landmarks do not err independently. */
  readonly angleScale: number;
  /** Predicted error of a frame, px of a 512 px frame, above which it is flagged; null where such frames are no worse. */
  readonly threshold: number | null;
}

export interface LandmarkUncertainty extends HeatmapUncertainty {
  /** Root mean square distance from the truth to be expected: the root of the covariance's trace. */
  readonly predictedError: number;
}

/** How sure a model is of a frame, in pixels of a 512 px frame and degrees. */
export interface FrameUncertainty {
  readonly landmarks: Readonly<Record<keyof Landmarks, LandmarkUncertainty>>;
  /** Undefined where there is no angle. */
  readonly aop: AngleUncertainty | undefined;
  /** Root mean square over the landmarks of their predicted errors. */
  readonly predictedError: number;
  /** Whether the predicted error is above the calibration's threshold; undefined without such a threshold. */
  readonly lowConfidence: boolean | undefined;
}

/**
 * How sure a model is of a frame. Without a calibration the covariances are those of the heatmaps, whose width is more the
 * width of the targets in training than the size of the errors.
 *
 * @param landmarks Predicted, in pixels of a 512 px frame
 */
export function frameUncertainty(
  landmarks: Landmarks,
  heatmaps: FrameHeatmaps,
  calibration?: Calibration,
): FrameUncertainty {
  const own = (name: keyof Landmarks): LandmarkUncertainty => {
    const covariance = scaleCovariance(heatmaps[name].covariance, calibration?.scale[name] ?? 1);
    return { ...heatmaps[name], covariance, predictedError: rootMeanSquare(covariance) };
  };
  const each = { ps1: own('ps1'), ps2: own('ps2'), fh1: own('fh1') };
  const covariances: Record<keyof Landmarks, Covariance> = {
    ps1: each.ps1.covariance,
    ps2: each.ps2.covariance,
    fh1: each.fh1.covariance,
  };
  const squares = LANDMARK_NAMES.reduce((sum, name) => sum + each[name].predictedError ** 2, 0);
  const predictedError = Math.sqrt(squares / LANDMARK_NAMES.length);
  const threshold = calibration?.threshold ?? undefined;
  return {
    landmarks: each,
    aop: angleUncertainty(landmarks, covariances, calibration?.angleScale),
    predictedError,
    lowConfidence: threshold === undefined ? undefined : predictedError > threshold,
  };
}
