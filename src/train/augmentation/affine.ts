import type { Point } from '../../model/landmarks.js';
import type { GeometryDraws } from './draws.js';

/** Row-major 2×3: x′ = m₀·x + m₁·y + m₂, y′ = m₃·x + m₄·y + m₅, in pixel-centre coordinates. */
export type Affine = readonly [number, number, number, number, number, number];

/**
 * The one matrix of a frame's geometry: p′ = R·F·(p − c) + c + t, with the flips F, the rotation R, the translation t
 * and the centre c = (size − 1)/2 on both axes, which is half-way between the centres of the first and the last pixel.
 * An isometry: lengths and the angle of progression do not change.
 */
export function frameAffine(
  { horizontalFlip, verticalFlip, rotation, translation }: GeometryDraws,
  size: number,
): Affine {
  const radians = (rotation * Math.PI) / 180;
  const cosine = Math.cos(radians);
  const sine = Math.sin(radians);
  const flipX = horizontalFlip ? -1 : 1;
  const flipY = verticalFlip ? -1 : 1;
  const [xx, xy, yx, yy] = [cosine * flipX, -sine * flipY, sine * flipX, cosine * flipY];
  const centre = (size - 1) / 2;
  const scale = size / 512;
  return [
    xx,
    xy,
    centre + translation.x * scale - (xx * centre + xy * centre),
    yx,
    yy,
    centre + translation.y * scale - (yx * centre + yy * centre),
  ];
}

/** The way back of an isometry, whose linear part has its transpose for inverse: p = Aᵀ·(p′ − t). */
export function invertIsometry([xx, xy, tx, yx, yy, ty]: Affine): Affine {
  return [xx, yx, -(xx * tx + yx * ty), xy, yy, -(xy * tx + yy * ty)];
}

export function transformPoint([xx, xy, tx, yx, yy, ty]: Affine, { x, y }: Point): Point {
  return { x: xx * x + xy * y + tx, y: yx * x + yy * y + ty };
}
