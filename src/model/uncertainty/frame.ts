import { LANDMARK_NAMES, type Landmarks } from '../landmarks.js';
import { type AngleUncertainty, angleUncertainty } from './angle.js';
import { type Covariance, mapVariances, rootMeanSquare, scaleCovariance } from './covariance.js';
import type { FeatureDistribution } from './distance.js';
import type { HeatmapUncertainties, HeatmapUncertainty } from './heatmap.js';

/**
 * The map from the covariance of a landmark's heatmap to that of its error: every variance v becomes scale²·(v − blur),
 * but not less than `floor`.
 *
 * A network that learns to match Gaussians around the truth answers, at best, with the distribution of the landmark
 * blurred by that Gaussian. The blur says nothing about the error, so it has to come off before a factor can be right
 * for sharp and for broad heatmaps alike.
 */
export interface LandmarkCalibration {
  /** Factor of the standard deviations. */
  readonly scale: number;
  /** px² of a 512 px frame. */
  readonly blur: number;
  /** px² of a 512 px frame: no frame is held to be surer than the surest one that the calibration was fitted on. */
  readonly floor: number;
}

/**
 * Calibration of the widths of a model's heatmaps to errors: found on frames whose truth is known and which the model
 * was not trained on.
 */
export interface Calibration {
  readonly landmarks: Readonly<Record<keyof Landmarks, LandmarkCalibration>>;
  /** Factor of the standard deviation of the angle after that: landmarks do not err independently. */
  readonly angleScale: number;
  /**
   * Predicted error of a frame, px of a 512 px frame, above which it is flagged; null where such frames are no worse.
   */
  readonly threshold: number | null;
  /** The frames that the model knows, by the network's features; absent in calibrations of older versions. */
  readonly features?: FeatureDistribution | undefined;
}

export interface LandmarkUncertainty extends HeatmapUncertainty {
  /** Root mean square distance from the truth to be expected: the root of the covariance's trace. */
  readonly predictedError: number;
}

/** The uncertainty of a model about a frame, in pixels of a 512 px frame and degrees. */
export interface FrameUncertainty {
  readonly landmarks: Readonly<Record<keyof Landmarks, LandmarkUncertainty>>;
  /** Undefined where there is no angle. */
  readonly aop: AngleUncertainty | undefined;
  /** Mean over the landmarks of their predicted errors. */
  readonly predictedError: number;
  /** Whether the predicted error is above the calibration's threshold; undefined without such a threshold. */
  readonly lowConfidence: boolean | undefined;
}

/**
 * The uncertainty of a model about a frame. Without a calibration the covariances are those of the heatmaps, whose
 * width is more the width of the targets in training than the size of the errors.
 *
 * @param landmarks Predicted, in pixels of a 512 px frame
 */
export function frameUncertainty(
  landmarks: Landmarks,
  heatmaps: HeatmapUncertainties,
  calibration?: Calibration,
): FrameUncertainty {
  const own = (name: keyof Landmarks): LandmarkUncertainty => {
    const covariance = calibrated(heatmaps[name].covariance, calibration?.landmarks[name]);
    return { ...heatmaps[name], covariance, predictedError: rootMeanSquare(covariance) };
  };
  const each = { ps1: own('ps1'), ps2: own('ps2'), fh1: own('fh1') };
  const covariances: Record<keyof Landmarks, Covariance> = {
    ps1: each.ps1.covariance,
    ps2: each.ps2.covariance,
    fh1: each.fh1.covariance,
  };
  const predictedError =
    LANDMARK_NAMES.reduce((sum, name) => sum + each[name].predictedError, 0) / LANDMARK_NAMES.length;
  const threshold = calibration?.threshold ?? undefined;
  return {
    landmarks: each,
    aop: angleUncertainty(landmarks, covariances, calibration?.angleScale),
    predictedError,
    lowConfidence: threshold === undefined ? undefined : predictedError > threshold,
  };
}

/** The same uncertainty where a unit of length is `factor` times as many: pixels of another frame, or millimetres. */
export function scaleUncertainty(uncertainty: FrameUncertainty, factor: number): FrameUncertainty {
  const scaled = (name: keyof Landmarks): LandmarkUncertainty => {
    const { disagreement, ...own } = uncertainty.landmarks[name];
    return {
      ...own,
      covariance: scaleCovariance(own.covariance, factor),
      predictedError: own.predictedError * factor,
      ...(disagreement === undefined ? {} : { disagreement: disagreement * factor }),
    };
  };
  return {
    ...uncertainty,
    landmarks: { ps1: scaled('ps1'), ps2: scaled('ps2'), fh1: scaled('fh1') },
    predictedError: uncertainty.predictedError * factor,
  };
}

function calibrated(covariance: Covariance, calibration: LandmarkCalibration | undefined): Covariance {
  if (calibration === undefined) return covariance;
  const { scale, blur, floor } = calibration;
  return mapVariances(covariance, (variance) => Math.max(floor, scale * scale * (variance - blur)));
}
