import { LANDMARK_NAMES, type Landmarks, type Point } from '../landmarks.js';
import { addCovariances, type Covariance, rootMeanSquare, scaleCovariance } from './covariance.js';
import type { HeatmapUncertainties } from './heatmap.js';

const NONE: Covariance = { xx: 0, xy: 0, yy: 0 };

/**
 * Sample covariance (divisor n − 1) of points, in their unit squared: how far the members of an ensemble disagree about
 * a landmark. Zero for fewer than two points.
 */
export function pointCovariance(points: readonly Point[]): Covariance {
  if (points.length < 2) return NONE;
  return scaleCovariance(scatter(points), 1 / Math.sqrt(points.length - 1));
}

/**
 * The disagreement of an ensemble's members about a landmark: root mean square distance of their points from the mean,
 * with divisor n − 1.
 */
export function disagreement(points: readonly Point[]): number {
  return rootMeanSquare(pointCovariance(points));
}

/** The prediction of one member of an ensemble for a frame. */
export interface EnsembleMember {
  /** Landmarks in pixels of a 512 px frame, as the covariances of `heatmaps`. */
  readonly landmarks: Landmarks;
  readonly heatmaps: HeatmapUncertainties;
}

/**
 * The uncertainty of the mean of an ensemble's landmarks. Covariances are those of the mixture of the members' heatmaps
 * about the mean of their points (law of total variance): the mean of the members' covariances, and the covariance of
 * their points with divisor n. Entropy and peak mass are means over the members.
 *
 * @throws RangeError without members
 */
export function ensembleUncertainty(members: readonly EnsembleMember[]): HeatmapUncertainties {
  if (members.length === 0) throw new RangeError('an ensemble needs at least one member');
  const share = 1 / members.length;
  const combined = LANDMARK_NAMES.map((name) => {
    const own = members.map(({ heatmaps }) => heatmaps[name]);
    const within = own.reduce((sum, { covariance }) => addCovariances(sum, covariance), NONE);
    const points = members.map(({ landmarks }) => landmarks[name]);
    return {
      covariance: scaleCovariance(addCovariances(within, scatter(points)), Math.sqrt(share)),
      entropy: own.reduce((sum, { entropy }) => sum + entropy * share, 0),
      peakMass: own.reduce((sum, { peakMass }) => sum + peakMass * share, 0),
      disagreement: disagreement(points),
    };
  });
  return { ps1: combined[0], ps2: combined[1], fh1: combined[2] };
}

/** Sum of the products of the deviations from the mean. */
function scatter(points: readonly Point[]): Covariance {
  const x = points.reduce((sum, point) => sum + point.x, 0) / points.length;
  const y = points.reduce((sum, point) => sum + point.y, 0) / points.length;
  return points.reduce<Covariance>((sum, point) => {
    const [dx, dy] = [point.x - x, point.y - y];
    return addCovariances(sum, { xx: dx * dx, xy: dx * dy, yy: dy * dy });
  }, NONE);
}
