import type { Calibration } from '../../model/index.js';
import { angleOfProgression, type Landmarks } from '../../model/landmarks.js';
import { apdOfMean, bootstrapIntervals, evaluateLandmarks, type LandmarkCase } from '../metrics/index.js';
import type { Scores } from '../run-folder/index.js';
import { blandAltman, intraclassCorrelation, type MeasurementPair } from '../statistics/index.js';
import { assessUncertainty, type UncertainCase } from '../uncertainty/index.js';

export interface ScoringOptions {
  /** Seed of the bootstrap. */
  readonly seed: number;
  /** Mean landmarks of the training frames, px of a 512 px frame: the baseline that ignores the image. */
  readonly meanLandmarks: Landmarks;
  /** Calibration of the model's predicted errors. */
  readonly calibration?: Calibration;
}

/**
 * Everything that `metrics.json` says about predictions whose truth is known, in pixels of a 512 px frame.
 *
 * @throws MetricsError without cases, or where a coordinate is not finite
 */
export function scoreCases(
  cases: readonly (LandmarkCase | UncertainCase)[],
  { seed, meanLandmarks, calibration }: ScoringOptions,
): Scores {
  return {
    ...evaluateLandmarks(cases),
    apdOfMean: apdOfMean(
      meanLandmarks,
      cases.map(({ truth }) => truth),
    ),
    intervals: bootstrapIntervals(cases, { seed }),
    aopAgreement: agreementOfAngles(cases),
    uncertainty: cases.every(isUncertain) ? assessUncertainty(cases, calibration) : undefined,
  };
}

function isUncertain(one: LandmarkCase | UncertainCase): one is UncertainCase {
  return 'uncertainty' in one;
}

/** Bland and Altman's agreement needs three pairs, and a correlation angles that differ. */
function agreementOfAngles(cases: readonly LandmarkCase[]): Scores['aopAgreement'] {
  const pairs = cases.flatMap(({ predicted, truth }): MeasurementPair[] => {
    const [first, second] = [angleOfProgression(predicted), angleOfProgression(truth)];
    return first === undefined || second === undefined ? [] : [{ first, second }];
  });
  if (pairs.length < 3) return undefined;
  const icc = intraclassCorrelation(pairs.map(({ first, second }) => [first, second]));
  return icc && { blandAltman: blandAltman(pairs), icc };
}
