import type { Point } from '../landmarks.js';

/** Covariance of a point's two coordinates, in the square of their unit: the symmetric matrix [[xx, xy], [xy, yy]]. */
export interface Covariance {
  readonly xx: number;
  readonly xy: number;
  readonly yy: number;
}

export function addCovariances(a: Covariance, b: Covariance): Covariance {
  return { xx: a.xx + b.xx, xy: a.xy + b.xy, yy: a.yy + b.yy };
}

/** The covariance of the point multiplied by `factor`, as when its unit changes. */
export function scaleCovariance({ xx, xy, yy }: Covariance, factor: number): Covariance {
  const square = factor * factor;
  return { xx: xx * square, xy: xy * square, yy: yy * square };
}

/** The covariance whose principal axes are the same and whose variances along them are `change` of what they were. */
export function mapVariances(covariance: Covariance, change: (variance: number) => number): Covariance {
  const { major, minor, angle } = ellipseOf(covariance);
  const [along, across] = [change(major * major), change(minor * minor)];
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  return {
    xx: along * cos * cos + across * sin * sin,
    xy: (along - across) * cos * sin,
    yy: along * sin * sin + across * cos * cos,
  };
}

/** Root of the mean squared distance of a point of this covariance from its mean: √(xx + yy). */
export function rootMeanSquare({ xx, yy }: Covariance): number {
  return Math.sqrt(xx + yy);
}

/**
 * Squared Mahalanobis distance dᵀ·C⁻¹·d of an offset from the mean. For a normal distribution it follows χ² with two
 * degrees of freedom, so that it stays below −2·ln(1 − p) with probability p.
 *
 * @returns Infinity for a covariance that is singular, unless the offset is zero
 */
export function mahalanobisSquared({ x, y }: Point, { xx, xy, yy }: Covariance): number {
  if (x === 0 && y === 0) return 0;
  const determinant = xx * yy - xy * xy;
  if (!(determinant > 0)) return Number.POSITIVE_INFINITY;
  return (yy * x * x - 2 * xy * x * y + xx * y * y) / determinant;
}

/** The ellipse of one standard deviation. */
export interface Ellipse {
  /** Semi-axes. */
  readonly major: number;
  readonly minor: number;
  /** Direction of the major axis from x towards y, radians, above −π/2 up to π/2. */
  readonly angle: number;
}

/**
 * Semi-axes √λ of the two eigenvalues and the direction of the greater one. Multiply by √(−2·ln(1 − p)) to hold the
 * share p.
 */
export function ellipseOf({ xx, xy, yy }: Covariance): Ellipse {
  const middle = (xx + yy) / 2;
  const deviation = Math.hypot((xx - yy) / 2, xy);
  return {
    major: Math.sqrt(middle + deviation),
    minor: Math.sqrt(Math.max(0, middle - deviation)),
    angle: Math.atan2(2 * xy, xx - yy) / 2,
  };
}
