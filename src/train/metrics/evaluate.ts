import { SondeError } from '../../engine/errors.js';
import { angleOfProgression, LANDMARK_NAMES, type Landmarks } from '../landmarks.js';

/** Results that cannot be scored. */
export class MetricsError extends SondeError {
  override name = 'MetricsError';
}

/** One frame: what the model says and what the label says, in pixels of a 512 px frame (see `scaleTo512`). */
export interface LandmarkCase {
  readonly predicted: Landmarks;
  readonly truth: Landmarks;
}

/** Fractions (0 to 1) of landmarks no farther from the truth than 5, 10 and 20 px. */
export interface SuccessRates {
  readonly within5: number;
  readonly within10: number;
  readonly within20: number;
}

export interface LandmarkScore {
  /** Mean Euclidean distance, px. */
  readonly apd: number;
  readonly sdr: SuccessRates;
}

/** Scores in pixels of a 512 px frame and degrees. */
export interface LandmarkMetrics {
  /** Number of frames. */
  readonly count: number;
  /** Mean squared error per coordinate, px². */
  readonly mse: number;
  /** Mean absolute error per coordinate, px. */
  readonly mae: number;
  /** Mean Euclidean distance over landmarks and frames, px; also called MRE. */
  readonly apd: number;
  readonly sdr: SuccessRates;
  readonly perLandmark: Readonly<Record<keyof Landmarks, LandmarkScore>>;
  /** Mean absolute error of the angle of progression over frames where both angles exist, degrees; undefined if none. */
  readonly aopMae: number | undefined;
  /** Fraction of all frames whose angle is at most 5° off. A frame without an angle is a miss. */
  readonly aopWithin5: number;
  /** As `aopWithin5`, at most 10° off. */
  readonly aopWithin10: number;
  /** Frames where the predicted or the true angle does not exist, because two landmarks coincide. */
  readonly undefinedAngles: number;
}

/**
 * Scores predicted landmarks against the truth.
 *
 * @throws MetricsError without cases, or where a coordinate is not finite
 */
export function evaluateLandmarks(cases: readonly LandmarkCase[]): LandmarkMetrics {
  checkCases(cases);
  const coordinateErrors = cases.flatMap(({ predicted, truth }) =>
    LANDMARK_NAMES.flatMap((name) => [predicted[name].x - truth[name].x, predicted[name].y - truth[name].y]),
  );
  const distances = cases.map(landmarkDistances);
  const angles = cases.map(angleError);
  const defined = angles.filter((error) => error !== undefined);
  return {
    count: cases.length,
    mse: mean(coordinateErrors.map((error) => error * error)),
    mae: mean(coordinateErrors.map(Math.abs)),
    ...score(distances.flat()),
    perLandmark: {
      ps1: score(distances.map(([ps1]) => ps1)),
      ps2: score(distances.map(([, ps2]) => ps2)),
      fh1: score(distances.map(([, , fh1]) => fh1)),
    },
    aopMae: defined.length === 0 ? undefined : mean(defined),
    aopWithin5: defined.filter((error) => error <= 5).length / cases.length,
    aopWithin10: defined.filter((error) => error <= 10).length / cases.length,
    undefinedAngles: cases.length - defined.length,
  };
}

/** Euclidean distances of the three landmarks in the order of `LANDMARK_NAMES`, px. */
export function landmarkDistances({ predicted, truth }: LandmarkCase): number[] {
  return LANDMARK_NAMES.map((name) => Math.hypot(predicted[name].x - truth[name].x, predicted[name].y - truth[name].y));
}

/** Absolute error of the angle of progression, degrees; undefined where one of the two angles does not exist. */
export function angleError({ predicted, truth }: LandmarkCase): number | undefined {
  const angle = angleOfProgression(predicted);
  const trueAngle = angleOfProgression(truth);
  return angle === undefined || trueAngle === undefined ? undefined : Math.abs(angle - trueAngle);
}

/** @throws MetricsError without cases, or where a coordinate is not finite */
export function checkCases(cases: readonly LandmarkCase[]): void {
  if (cases.length === 0) throw new MetricsError('There are 0 frames to score; give at least 1.');
  for (const [index, { predicted, truth }] of cases.entries()) {
    for (const [role, landmarks] of Object.entries({ predicted, truth })) {
      for (const name of LANDMARK_NAMES) {
        const { x, y } = landmarks[name];
        if (!Number.isFinite(x) || !Number.isFinite(y)) {
          throw new MetricsError(
            `Frame ${index} has its ${role} ${name.toUpperCase()} at (${x}, ${y}); score finite coordinates only.`,
          );
        }
      }
    }
  }
}

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function score(distances: readonly number[]): LandmarkScore {
  const within = (limit: number) => distances.filter((distance) => distance <= limit).length / distances.length;
  return { apd: mean(distances), sdr: { within5: within(5), within10: within(10), within20: within(20) } };
}
