import {
  type Calibration,
  type Covariance,
  ellipseOf,
  frameUncertainty,
  type HeatmapUncertainties,
  type LandmarkCalibration,
  mahalanobisSquared,
  mapVariances,
} from '../../model/index.js';
import { LANDMARK_NAMES, type Point } from '../../model/landmarks.js';
import {
  angleError,
  checkCases,
  type LandmarkCase,
  landmarkDistances,
  landmarkErrors,
  mean,
} from '../metrics/index.js';
import { fitThreshold } from './threshold.js';

/** A frame whose truth is known, with what the heatmaps said about it, all in pixels of a 512 px frame. */
export interface UncertainCase extends LandmarkCase {
  readonly uncertainty: HeatmapUncertainties;
}

/** Frames from which on the heatmaps' blur is estimated beside their scale: two numbers need some data. */
const ENOUGH = 10;

/** Shares of the least variance that are tried as the blur. All of it would leave the surest frame no uncertainty. */
const BLURS = Array.from({ length: 100 }, (_, i) => i / 100);

/** Least factor of a standard deviation, for a model that made no error at all. */
const LEAST_SCALE = 1e-3;

/**
 * Fits a calibration by maximum likelihood of the errors under normal distributions: for each landmark the blur and the
 * scale of its covariances, then the scale of the angle's standard deviation; and then the threshold of the flag.
 *
 * @param cases Frames that the model was not trained on. With fewer than ten the blur is taken as zero.
 * @throws MetricsError without cases, or where a coordinate is not finite
 */
export function fitCalibration(cases: readonly UncertainCase[]): Calibration {
  checkCases(cases);
  const errors = cases.map(landmarkErrors);
  const [ps1, ps2, fh1] = LANDMARK_NAMES.map((name, k) =>
    fitLandmark(
      errors.map((own) => own[k]),
      cases.map(({ uncertainty }) => uncertainty[name].covariance),
    ),
  );
  const landmarks = { ps1, ps2, fh1 };
  const frames = cases.map(({ predicted, uncertainty }) =>
    frameUncertainty(predicted, uncertainty, { landmarks, angleScale: 1, threshold: null }),
  );
  const squares = cases.flatMap((one, i) => {
    const [error, sd] = [angleError(one), frames[i].aop?.sd];
    return error === undefined || sd === undefined || sd === 0 ? [] : [(error / sd) ** 2];
  });
  return {
    landmarks,
    angleScale: squares.length === 0 ? 1 : Math.max(LEAST_SCALE, Math.sqrt(mean(squares))),
    threshold: fitThreshold(
      frames.map(({ predictedError }) => predictedError),
      cases.map((one) => mean(landmarkDistances(one))),
    ),
  };
}

/**
 * The blur b and the scale s with the greatest likelihood of errors e from normal distributions of covariance s²·(C −
 * b·I). For a given b the best s² is the mean of eᵀ(C − b·I)⁻¹e over two; b is searched for below the least variance of
 * all heatmaps.
 */
function fitLandmark(errors: readonly Point[], covariances: readonly Covariance[]): LandmarkCalibration {
  const least = Math.min(...covariances.map((covariance) => ellipseOf(covariance).minor ** 2));
  const candidates = (errors.length < ENOUGH ? [0] : BLURS).map((share) => {
    const blur = share * least;
    const sharp = covariances.map((covariance) => mapVariances(covariance, (variance) => variance - blur));
    const distances = sharp.map((covariance, i) => mahalanobisSquared(errors[i], covariance));
    const scale = Math.max(LEAST_SCALE, Math.sqrt(mean(distances) / 2));
    const logDeterminants = sharp.map(({ xx, xy, yy }) => Math.log(xx * yy - xy * xy));
    // Minus the log likelihood per frame, up to a constant.
    const cost = mean(logDeterminants) / 2 + 2 * Math.log(scale) + mean(distances) / (2 * scale * scale);
    return { blur, scale, cost };
  });
  const { blur, scale } = candidates.reduce((best, other) => (other.cost < best.cost ? other : best));
  return { blur, scale, floor: scale * scale * (least - blur) };
}
