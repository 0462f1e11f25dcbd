import { mapLandmarks } from '../coordinates.js';
import type { Region } from '../fit-frame.js';
import { angleOfProgression, type Landmarks, type Point } from '../landmarks.js';

/** Millimetres per pixel along each axis. */
export interface Spacing {
  readonly x: number;
  readonly y: number;
}

/** What follows from where the landmarks are, whoever put them there. */
export interface Measurements {
  /** Angle of progression in the picture, degrees; null where there is none, see `aopMissing`. */
  readonly aop: number | null;
  /**
   * The angle in millimetres, which is the patient's, where pixels are not square and the two therefore differ; also
   * where a file says of its pixels their proportions alone.
   */
  readonly aopInMillimetres: number | null;
  /** Why there is no angle, one sentence; null where there is one. */
  readonly aopMissing: string | null;
  /** Lengths of the two rays, millimetres; null where the file gives no spacing. */
  readonly rays: { readonly ps1ps2: number; readonly ps1fh1: number } | null;
}

/** What of a frame the measurements depend on. */
export interface MeasuredFrame {
  readonly spacing?: Spacing | null | undefined;
  /** Height of a pixel divided by its width, where the file gives that and no millimetres. */
  readonly pixelAspectRatio?: number | null | undefined;
  /** The part that the network saw; its longer side is what 512 px are measured by. */
  readonly seen: Region;
}

/**
 * Shortest ray that has a direction, px of a 512 px frame: a twentieth of the usual length of a symphysis, and what a
 * good model's landmarks are off by. A shorter one points anywhere.
 */
export const SHORTEST_RAY = 4;

/** Pixels whose sides differ by less are square: files give spacings with three digits. */
const SQUARE_WITHIN = 0.005;

function isSquare({ x, y }: Spacing): boolean {
  return Math.abs(x / y - 1) <= SQUARE_WITHIN;
}

/** The proportions of pixels that are not square: in millimetres, or of a width of 1; undefined of square ones. */
export function oblongPixels({ spacing, pixelAspectRatio }: Omit<MeasuredFrame, 'seen'>): Spacing | undefined {
  const sides = spacing ?? { x: 1, y: pixelAspectRatio ?? 1 };
  return isSquare(sides) ? undefined : sides;
}

/** Angle and lengths. @param landmarks Pixels of the frame */
export function measure(landmarks: Landmarks, frame: MeasuredFrame): Measurements {
  const { spacing, seen } = frame;
  const aopMissing = missing(landmarks, seen);
  const angle = (points: Landmarks) => (aopMissing === null ? (angleOfProgression(points) ?? null) : null);
  const inUnits = (unit: Spacing) => mapLandmarks(landmarks, ({ x, y }) => ({ x: x * unit.x, y: y * unit.y }));
  const oblong = oblongPixels(frame);
  const millimetres = spacing ? inUnits(spacing) : undefined;
  return {
    aop: angle(landmarks),
    aopInMillimetres: oblong ? angle(inUnits(oblong)) : null,
    aopMissing,
    rays: millimetres
      ? { ps1ps2: distance(millimetres.ps1, millimetres.ps2), ps1fh1: distance(millimetres.ps1, millimetres.fh1) }
      : null,
  };
}

function missing({ ps1, ps2, fh1 }: Landmarks, seen: Region): string | null {
  const least = (SHORTEST_RAY * Math.max(seen.width, seen.height)) / 512;
  const [name, length] =
    distance(ps1, ps2) < distance(ps1, fh1) ? ['PS2', distance(ps1, ps2)] : ['FH1', distance(ps1, fh1)];
  if (length >= least) return null;
  return (
    `PS1 and ${name} are ${length.toFixed(1)} px apart, and a direction needs at least ${least.toFixed(1)} px: ` +
    'there is no angle.'
  );
}

function distance(a: Point, b: Point): number {
  return Math.hypot(a.x - b.x, a.y - b.y);
}
