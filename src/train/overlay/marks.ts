/** How landmarks and their angle look, in pictures as in the web tool. */
import { SondeError } from '../../engine/errors.js';
import type { Landmarks, Point } from '../../model/landmarks.js';

/** An overlay that cannot be drawn. */
export class OverlayError extends SondeError {
  override name = 'OverlayError';
}

export const COLORS = { ps1: '#ffd23f', ps2: '#43d3ff', fh1: '#ff7aa8', angle: '#ffffff', truth: '#86ff91' } as const;

/** Radius of the arc at PS1: a part of the shorter ray, within limits. */
export function arcRadius({ ps1, ps2, fh1 }: Landmarks, unit: number): number {
  const shorter = Math.min(Math.hypot(ps2.x - ps1.x, ps2.y - ps1.y), Math.hypot(fh1.x - ps1.x, fh1.y - ps1.y));
  return Math.max(14 * unit, Math.min(0.4 * shorter, 44 * unit));
}

/** Direction from one point to another, radians clockwise from the right. */
export function directionOf(from: Point, to: Point): number {
  return Math.atan2(to.y - from.y, to.x - from.x);
}
