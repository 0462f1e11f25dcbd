import { SondeError } from '../../engine/errors.js';
import { angleOfProgression, LANDMARK_NAMES, type Landmarks, type Point } from '../../model/landmarks.js';
import { mean, spread } from './distribution.js';
import type { DistanceScore, LandmarkMetrics, LandmarkScore, SuccessRates } from './schema.js';

/** Results that cannot be scored. */
export class MetricsError extends SondeError {
  override name = 'MetricsError';
}

/** One frame: what the model says and what the label says, in pixels of a 512 px frame (see `scaleTo512`). */
export interface LandmarkCase {
  readonly predicted: Landmarks;
  readonly truth: Landmarks;
  /** Millimetres per pixel of the 512 px frame along each axis, where the frame's file gives the size of its pixels. */
  readonly spacing?: { readonly x: number; readonly y: number };
}

/**
 * Scores predicted landmarks against the truth.
 *
 * @throws MetricsError without cases, or where a coordinate is not finite
 */
export function evaluateLandmarks(cases: readonly LandmarkCase[]): LandmarkMetrics {
  checkCases(cases);
  const angles = cases.map(angleError);
  const defined = angles.filter((error) => error !== undefined);
  const measured = cases.filter(({ spacing }) => spacing !== undefined);
  return {
    count: cases.length,
    ...landmarkScore(cases.flatMap(landmarkErrors)),
    perLandmark: perLandmark(cases, landmarkErrors, landmarkScore),
    ...(defined.length === 0 ? {} : { aopMae: mean(defined), aopErrors: spread(defined) }),
    aopWithin5: defined.filter((error) => error <= 5).length / cases.length,
    aopWithin10: defined.filter((error) => error <= 10).length / cases.length,
    undefinedAngles: cases.length - defined.length,
    ...(measured.length === 0
      ? {}
      : {
          mm: {
            count: measured.length,
            ...distanceScore(measured.flatMap(errorsInMillimetres)),
            perLandmark: perLandmark(measured, errorsInMillimetres, distanceScore),
          },
        }),
  };
}

/** Prediction minus truth of the three landmarks in the order of `LANDMARK_NAMES`, px. */
export function landmarkErrors({ predicted, truth }: LandmarkCase): Point[] {
  return LANDMARK_NAMES.map((name) => ({
    x: predicted[name].x - truth[name].x,
    y: predicted[name].y - truth[name].y,
  }));
}

/** Euclidean distances of the three landmarks in the order of `LANDMARK_NAMES`, px. */
export function landmarkDistances(landmarkCase: LandmarkCase): number[] {
  return landmarkErrors(landmarkCase).map(({ x, y }) => Math.hypot(x, y));
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

/** Shares of distances (px) no greater than 5, 10 and 20. */
export function successRates(distances: readonly number[]): SuccessRates {
  const within = (limit: number) => distances.filter((distance) => distance <= limit).length / distances.length;
  return { within5: within(5), within10: within(10), within20: within(20) };
}

function errorsInMillimetres(landmarkCase: LandmarkCase): Point[] {
  const { x: width = Number.NaN, y: height = Number.NaN } = landmarkCase.spacing ?? {};
  return landmarkErrors(landmarkCase).map(({ x, y }) => ({ x: x * width, y: y * height }));
}

function perLandmark<Score>(
  cases: readonly LandmarkCase[],
  errorsOf: (landmarkCase: LandmarkCase) => Point[],
  score: (errors: readonly Point[]) => Score,
): Record<keyof Landmarks, Score> {
  const errors = cases.map(errorsOf);
  return {
    ps1: score(errors.map(([ps1]) => ps1)),
    ps2: score(errors.map(([, ps2]) => ps2)),
    fh1: score(errors.map(([, , fh1]) => fh1)),
  };
}

function distanceScore(errors: readonly Point[]): DistanceScore {
  const distances = errors.map(({ x, y }) => Math.hypot(x, y));
  const coordinates = errors.flatMap(({ x, y }) => [x, y]);
  return {
    mse: mean(coordinates.map((error) => error * error)),
    mae: mean(coordinates.map(Math.abs)),
    apd: mean(distances),
    distances: spread(distances),
  };
}

function landmarkScore(errors: readonly Point[]): LandmarkScore {
  return { ...distanceScore(errors), sdr: successRates(errors.map(({ x, y }) => Math.hypot(x, y))) };
}
