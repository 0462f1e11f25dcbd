import type { Landmarks, Point } from '../../model/landmarks.js';
import type { Profile } from './profiles.js';
import type { Stream } from './random.js';

/** Every length is drawn for a frame of this many pixels; other sizes are that frame scaled. */
export const REFERENCE_SIZE = 512;

/** An ellipse with matrix M = R·diag(a², b²)·Rᵀ: the points c + p with pᵀ M⁻¹ p = 1. */
export interface Ellipse {
  readonly centre: Point;
  readonly a: number;
  readonly b: number;
  /** From the x axis to the axis of `a`, radians, clockwise on the screen. */
  readonly rotation: number;
}

/** The fan of scan lines. Angles are measured from straight down. */
export interface Sector {
  /** Where all scan lines meet, above the frame. */
  readonly apex: Point;
  /** From the apex to the probe's surface and to the deepest sample. */
  readonly near: number;
  readonly far: number;
  /** Radians. */
  readonly halfAngle: number;
}

/** Where everything is, in millimetres from the frame's top left corner (x right, y down). */
export interface Geometry {
  readonly millimetresPerPixel: number;
  readonly sector: Sector;
  readonly landmarks: Landmarks;
  /** The angle that was drawn, degrees. */
  readonly aop: number;
  readonly symphysisThickness: number;
  /** Outer border of the skull, which the ray from PS1 touches in FH1. */
  readonly skull: Ellipse;
  readonly skullThickness: number;
}

/** Range of the labels of the public data, in pixels of a 512-pixel frame and degrees. */
export const LABEL_RANGES = {
  ps1: { x: [192, 368], y: [30, 115] },
  ps2: { x: [59, 259], y: [44, 158] },
  fh1: { x: [204, 425], y: [80, 332] },
  aop: [53, 163],
} as const;

/**
 * Places symphysis and head so that the ray from PS1 is tangent to the skull in FH1 exactly, at the drawn angle.
 *
 * With tilt β and angle A: PS2 = PS1 + L(−cos β, sin β); the ray is u = (−cos φ, sin φ), φ = β + A, with the outward
 * normal n = (sin φ, cos φ) of the head. The head's support point in direction n is s = M n / √(nᵀ M n), and the head
 * is put where that point is FH1: centre = FH1 − s. Draws outside the label ranges, outside the sector or with the
 * symphysis in the head are rejected.
 */
export function drawGeometry(stream: Stream, profile: Profile): Geometry {
  for (;;) {
    const geometry = tryGeometry(stream, profile);
    if (geometry) return geometry;
  }
}

function tryGeometry(stream: Stream, profile: Profile): Geometry | undefined {
  const millimetresPerPixel = stream.uniform(105, 165) / REFERENCE_SIZE;
  const aop = drawAngle(stream);
  const ps1 = {
    x: stream.uniform(...LABEL_RANGES.ps1.x) * millimetresPerPixel,
    y: stream.uniform(...LABEL_RANGES.ps1.y) * millimetresPerPixel,
  };
  const tilt = radians(stream.uniform(-8, 42));
  const length = stream.uniform(28, 46);
  const ps2 = { x: ps1.x - length * Math.cos(tilt), y: ps1.y + length * Math.sin(tilt) };
  const ray = tilt + radians(aop);
  const distance = stream.uniform(20, 85);
  const fh1 = { x: ps1.x - distance * Math.cos(ray), y: ps1.y + distance * Math.sin(ray) };
  const landmarks = { ps1, ps2, fh1 };
  if (!withinLabelRanges(landmarks, millimetresPerPixel)) return undefined;

  const shape = { a: stream.uniform(51, 61), b: stream.uniform(43, 51), rotation: stream.uniform(-1.2, 1.2) };
  const support = supportPoint(shape, { x: Math.sin(ray), y: Math.cos(ray) });
  const skull = { ...shape, centre: { x: fh1.x - support.x, y: fh1.y - support.y } };
  const symphysisThickness = stream.uniform(12, 17);
  const sector = drawSector(stream, profile, millimetresPerPixel);
  const geometry = {
    millimetresPerPixel,
    sector,
    landmarks,
    aop,
    symphysisThickness,
    skull,
    skullThickness: stream.uniform(2, 3.2),
  };
  return isVisible(geometry) && !symphysisTouchesHead(geometry) ? geometry : undefined;
}

function drawAngle(stream: Stream): number {
  for (;;) {
    const angle = stream.chance(0.5) ? stream.normal(92, 15) : stream.normal(108, 18);
    if (angle >= 55 && angle <= LABEL_RANGES.aop[1]) return angle;
  }
}

/** The point of an ellipse about the origin that lies farthest in direction n: M n / √(nᵀ M n). */
export function supportPoint(ellipse: Omit<Ellipse, 'centre'>, n: Point): Point {
  const c = Math.cos(ellipse.rotation);
  const s = Math.sin(ellipse.rotation);
  const along = ellipse.a ** 2 * (c * n.x + s * n.y);
  const across = ellipse.b ** 2 * (-s * n.x + c * n.y);
  const m = { x: c * along - s * across, y: s * along + c * across };
  const norm = Math.sqrt(n.x * m.x + n.y * m.y);
  return { x: m.x / norm, y: m.y / norm };
}

/** √(pᵀ M⁻¹ p) for p = point − centre: below 1 inside, 1 on the border. */
export function ellipseLevel({ centre, a, b, rotation }: Ellipse, point: Point): number {
  const x = point.x - centre.x;
  const y = point.y - centre.y;
  const c = Math.cos(rotation);
  const s = Math.sin(rotation);
  return Math.hypot((c * x + s * y) / a, (-s * x + c * y) / b);
}

function drawSector(stream: Stream, profile: Profile, millimetresPerPixel: number): Sector {
  const near = stream.uniform(...profile.probeRadius);
  const surface = stream.uniform(-4, 18) * millimetresPerPixel;
  const bottom = stream.uniform(478, 530) * millimetresPerPixel;
  const apex = { x: stream.uniform(240, 272) * millimetresPerPixel, y: surface - near };
  return { apex, near, far: bottom - apex.y, halfAngle: radians(stream.uniform(...profile.halfAngle)) };
}

/**
 * Whether the landmarks are in the sector, the symphysis below the near field, and the head where there is some depth.
 */
function isVisible({ sector, landmarks, skull }: Geometry): boolean {
  const MARGIN = radians(1);
  for (const point of [landmarks.ps1, landmarks.ps2, landmarks.fh1]) {
    const { depth, angle } = toBeam(sector, point);
    if (Math.abs(angle) > sector.halfAngle - MARGIN || depth < 7) return false;
  }
  // The part of the skull that comes closest to the probe.
  const top = supportPoint(skull, { x: 0, y: -1 });
  return toBeam(sector, { x: skull.centre.x + top.x, y: skull.centre.y + top.y }).depth > 9;
}

/** Depth below the probe's surface (mm) and angle from straight down (radians). */
export function toBeam({ apex, near }: Sector, point: Point): { depth: number; angle: number } {
  const x = point.x - apex.x;
  const y = point.y - apex.y;
  return { depth: Math.hypot(x, y) - near, angle: Math.atan2(x, y) };
}

/** Walks around the symphysis, which must stay clear of the head by about 3 mm (the scalp lies between them). */
function symphysisTouchesHead({ landmarks: { ps1, ps2 }, symphysisThickness, skull }: Geometry): boolean {
  const axis = { x: (ps2.x - ps1.x) / 2, y: (ps2.y - ps1.y) / 2 };
  const length = Math.hypot(axis.x, axis.y);
  const across = { x: (-axis.y / length) * (symphysisThickness / 2), y: (axis.x / length) * (symphysisThickness / 2) };
  for (let step = 0; step < 24; step++) {
    const c = Math.cos((step * Math.PI) / 12);
    const s = Math.sin((step * Math.PI) / 12);
    const point = {
      x: (ps1.x + ps2.x) / 2 + c * axis.x + s * across.x,
      y: (ps1.y + ps2.y) / 2 + c * axis.y + s * across.y,
    };
    if (ellipseLevel(skull, point) < 1.06) return true;
  }
  return false;
}

function withinLabelRanges(landmarks: Landmarks, millimetresPerPixel: number): boolean {
  return (['ps1', 'ps2', 'fh1'] as const).every((name) => {
    const { x, y } = LABEL_RANGES[name];
    const point = toPixels(landmarks[name], millimetresPerPixel, REFERENCE_SIZE);
    return point.x >= x[0] && point.x <= x[1] && point.y >= y[0] && point.y <= y[1];
  });
}

/** Millimetres to pixels of a frame of `size`: whole numbers are pixel centres, so the frame's corner is (−½, −½). */
export function toPixels(point: Point, millimetresPerPixel: number, size: number): Point {
  const scale = size / REFERENCE_SIZE / millimetresPerPixel;
  return { x: point.x * scale - 0.5, y: point.y * scale - 0.5 };
}

function radians(degrees: number): number {
  return (degrees * Math.PI) / 180;
}
