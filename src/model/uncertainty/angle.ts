import { angleOfProgression, LANDMARK_NAMES, type Landmarks, type Point } from '../landmarks.js';
import type { Covariance } from './covariance.js';

/** Degrees in a radian. */
const DEGREES = 180 / Math.PI;

/** Degrees. The turn of a ray whose end moves across it by a third of its length. */
const MOST_TURN = Math.atan(1 / 3) * DEGREES;

/** Standard deviations of a normal distribution to either side that hold 95 % of it. */
const NORMAL_95 = 1.959963984540054;

/**
 * Derivatives of the angle of progression with respect to the landmarks, degrees per pixel.
 *
 * With a = PS2 − PS1, b = FH1 − PS1 and s the sign of a × b, the angle is s·(arg b − arg a), and arg v changes by
 * (−v.y, v.x)/|v|². PS1 takes what both rays lose, as a translation changes nothing. At 0° and 180° the angle has a
 * fold; the derivative given there is that of one side.
 *
 * @returns undefined where there is no angle
 */
export function angleGradient(landmarks: Landmarks): Readonly<Record<keyof Landmarks, Point>> | undefined {
  if (angleOfProgression(landmarks) === undefined) return undefined;
  const { ps1, ps2, fh1 } = landmarks;
  const a = { x: ps2.x - ps1.x, y: ps2.y - ps1.y };
  const b = { x: fh1.x - ps1.x, y: fh1.y - ps1.y };
  const sign = a.x * b.y - a.y * b.x < 0 ? -1 : 1;
  const turning = ({ x, y }: Point, factor: number): Point => {
    const square = x * x + y * y;
    return { x: (-y * factor) / square, y: (x * factor) / square };
  };
  const byPs2 = turning(a, -sign * DEGREES);
  const byFh1 = turning(b, sign * DEGREES);
  return { ps1: { x: -byPs2.x - byFh1.x, y: -byPs2.y - byFh1.y }, ps2: byPs2, fh1: byFh1 };
}

/** The uncertainty of the angle of progression, degrees. */
export interface AngleUncertainty {
  readonly sd: number;
  /** 95 % interval, within 0 to 180. */
  readonly low: number;
  readonly high: number;
  /**
   * Whether the linear approximation behind the numbers is poor: the interval reaches 0° or 180°, where the unsigned
   * angle folds (the rays are nearly collinear), or the rays turn by more than atan(1/3), about 18°, in a standard
   * deviation.
   */
  readonly approximate: boolean;
}

/**
 * The interval of the angle of progression that the landmarks' covariances lead to, by the delta method: its variance
 * is Σ gᵀ·C·g over the landmarks, g the gradient, for landmarks that err independently and little against the rays'
 * lengths.
 *
 * @param landmarks px
 * @param covariances px²
 * @param factor What the standard deviation is multiplied by; see `Calibration`.
 * @returns undefined where there is no angle
 */
export function angleUncertainty(
  landmarks: Landmarks,
  covariances: Readonly<Record<keyof Landmarks, Covariance>>,
  factor = 1,
): AngleUncertainty | undefined {
  const angle = angleOfProgression(landmarks);
  const gradient = angleGradient(landmarks);
  if (angle === undefined || gradient === undefined) return undefined;
  const along = (name: keyof Landmarks) => quadraticForm(covariances[name], gradient[name]);
  const sd = factor * Math.sqrt(LANDMARK_NAMES.reduce((sum, name) => sum + along(name), 0));
  const [low, high] = [angle - NORMAL_95 * sd, angle + NORMAL_95 * sd];
  return {
    sd,
    low: Math.max(0, low),
    high: Math.min(180, high),
    approximate: low < 0 || high > 180 || sd > MOST_TURN,
  };
}

function quadraticForm({ xx, xy, yy }: Covariance, { x, y }: Point): number {
  return xx * x * x + 2 * xy * x * y + yy * y * y;
}
