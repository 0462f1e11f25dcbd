import type { Point } from '../../model/landmarks.js';
import { type Ellipse, ellipseLevel, type Geometry, supportPoint, toBeam } from './geometry.js';
import type { Stream } from './random.js';

/** 0: anatomy alone; 1: what most frames have; 2: what bad frames have; 3: what makes a reader hesitate. */
export type Difficulty = 0 | 1 | 2 | 3;

/** Tissue and disturbances, in the geometry's millimetres; levels in dB against soft tissue. */
export interface Scene {
  readonly symphysisLevel: number;
  readonly rimThickness: number;
  readonly rimLevel: number;
  readonly skullLevel: number;
  /** Exponent p of the skull's brightness, cosᵖ of the angle of incidence. */
  readonly skullExponent: number;
  /**
   * Bone attenuation, one way, dB/cm at 1 MHz. Grown bone has about 15; the fetal skull, thin and half mineralized,
   * lets more through, or the brain would never be seen.
   */
  readonly boneAttenuation: number;
  /** Soft tissue attenuation, one way, dB/cm/MHz. */
  readonly softAttenuation: number;
  readonly brainLevel: number;
  /** Where the head comes closest to the probe, as an angle around the ellipse, radians. */
  readonly leading: number;
  readonly scalpThickness: number;
  /** Depth of the bright layers of skin and fat, mm. */
  readonly skinDepth: number;
  readonly streaks: number;
  /** What the time-gain fails to make up for at the greatest depth, dB. */
  readonly penetrationLoss: number;
  /** Anal canal, to the right of the birth canal: where its axis leaves the skin and how it runs. */
  readonly analCanal: Tube;
  /** Urethra, between symphysis and head. */
  readonly urethra: Tube;
  /** Offset in dB of the whole frame: how the gain knob stands. */
  readonly gain: number;
  readonly bladder?: Ellipse;
  readonly gas?: Gas;
  /** Strength of multiple echoes, 0 to 1. */
  readonly reverberation: number;
  /**
   * Swelling of the scalp where the head leads: position around the ellipse (radians), height (mm), half-width
   * (radians).
   */
  readonly caput?: { readonly at: number; readonly height: number; readonly width: number };
  /** Parts of the skull that return no echo: position and half-width around the ellipse, radians. */
  readonly gaps: readonly { readonly at: number; readonly width: number }[];
  /** Scan lines without contact: angle where it begins and side. */
  readonly liftOff?: { readonly angle: number; readonly side: -1 | 1; readonly loss: number };
  readonly overlay: boolean;
}

/** A straight tube of soft tissue. Angle from straight down, positive to the right; lengths in mm. */
export interface Tube {
  readonly from: Point;
  readonly angle: number;
  readonly length: number;
  readonly halfWidth: number;
  readonly level: number;
  /** Brightness of its lining, dB. */
  readonly lining: number;
}

export interface Gas {
  readonly centre: Point;
  readonly radius: number;
  readonly level: number;
  /** Loss below it, dB; the shadow is dirty, so it is not complete. */
  readonly shadow: number;
}

/** How likely each disturbance is at difficulty 0, 1, 2, 3. */
const CHANCES = {
  bladder: [0, 0.25, 0.4, 0.5],
  gas: [0, 0.1, 0.45, 0.65],
  reverberation: [0, 0.4, 0.8, 1],
  caput: [0, 0.15, 0.4, 0.55],
  gaps: [0, 0, 0.35, 0.8],
  liftOff: [0, 0.05, 0.3, 0.55],
  overlay: [0, 0.75, 0.9, 0.95],
} as const;

export function drawScene(stream: Stream, geometry: Geometry, difficulty: Difficulty): Scene {
  const happens = (what: keyof typeof CHANCES) => stream.chance(CHANCES[what][difficulty]);
  const leading = leadingAngle(geometry);
  const scene = {
    leading,
    symphysisLevel: stream.uniform(-12, -5),
    rimThickness: stream.uniform(1, 2),
    rimLevel: stream.uniform(9, 15) - difficulty,
    skullLevel: stream.uniform(28, 34) - 1.5 * difficulty,
    skullExponent: stream.uniform(1.5, 3),
    boneAttenuation: stream.uniform(3, 9),
    softAttenuation: stream.uniform(0.5, 0.6),
    brainLevel: stream.uniform(-7, -2),
    scalpThickness: stream.uniform(2.5, 5),
    skinDepth: stream.uniform(5, 11),
    streaks: stream.uniform(2.5, 4.5),
    penetrationLoss: stream.uniform(2, 9),
    analCanal: drawAnalCanal(stream, geometry),
    urethra: drawUrethra(stream, geometry),
    gain: stream.normal(0, 0.8 + 0.7 * difficulty),
  };
  const bladder = happens('bladder') ? placeBladder(stream, geometry) : undefined;
  const gas = happens('gas') ? placeGas(stream, geometry) : undefined;
  const reverberation = happens('reverberation') ? stream.uniform(0.2, 1) : 0;
  const caput = happens('caput')
    ? {
        at: leading + stream.normal(0, 0.3),
        height: stream.uniform(3, 9),
        width: stream.uniform(0.35, 0.7),
      }
    : undefined;
  const gaps = happens('gaps')
    ? Array.from({ length: 1 + stream.below(difficulty) }, () => ({
        at: leading + stream.uniform(-1.4, 1.4),
        width: stream.uniform(0.05, 0.18),
      }))
    : [];
  const liftOff = happens('liftOff') ? drawLiftOff(stream, geometry) : undefined;
  const overlay = happens('overlay');
  return {
    ...scene,
    reverberation,
    gaps,
    overlay,
    ...(bladder ? { bladder } : {}),
    ...(gas ? { gas } : {}),
    ...(caput ? { caput } : {}),
    ...(liftOff ? { liftOff } : {}),
  };
}

function drawAnalCanal(stream: Stream, { sector }: Geometry): Tube {
  const angle = stream.uniform(0.35, 0.85) * sector.halfAngle;
  const radius = sector.near + stream.uniform(3, 9);
  return {
    from: { x: sector.apex.x + radius * Math.sin(angle), y: sector.apex.y + radius * Math.cos(angle) },
    angle: angle + stream.normal(0.15, 0.3),
    length: stream.uniform(22, 40),
    halfWidth: stream.uniform(4.5, 7.5),
    level: stream.uniform(-8, -4),
    lining: stream.uniform(4, 9),
  };
}

function drawUrethra(stream: Stream, { landmarks: { ps1 } }: Geometry): Tube {
  return {
    from: { x: ps1.x + stream.uniform(5, 13), y: ps1.y - stream.uniform(2, 10) },
    angle: stream.normal(-0.3, 0.2),
    length: stream.uniform(20, 34),
    halfWidth: stream.uniform(2.2, 3.8),
    level: stream.uniform(-7, -3),
    lining: stream.uniform(-3, 2),
  };
}

/** Where the head comes closest to the probe, as a parameter angle of the ellipse. */
function leadingAngle({ skull }: Geometry): number {
  const top = supportPoint(skull, { x: 0, y: -1 });
  const c = Math.cos(skull.rotation);
  const s = Math.sin(skull.rotation);
  return Math.atan2((-s * top.x + c * top.y) / skull.b, (c * top.x + s * top.y) / skull.a);
}

/** The largest of a few tries between symphysis and head; a full bladder yields to both. */
function placeBladder(stream: Stream, geometry: Geometry): Ellipse | undefined {
  const { ps1, ps2 } = geometry.landmarks;
  const tilt = Math.atan2(ps2.y - ps1.y, ps2.x - ps1.x);
  for (let attempt = 0; attempt < 30; attempt++) {
    const along = stream.uniform(0.5, 1.25);
    const below = stream.uniform(12, 24);
    const bladder = {
      centre: {
        x: ps1.x + along * (ps2.x - ps1.x) + below * Math.sin(tilt),
        y: ps1.y + along * (ps2.y - ps1.y) - below * Math.cos(tilt),
      },
      a: stream.uniform(7, 16),
      b: stream.uniform(3.5, 7),
      rotation: tilt + stream.normal(0, 0.2),
    };
    const clear = Array.from({ length: 16 }, (_, i) => borderPoint(bladder, (i * Math.PI) / 8)).every(
      (point) => ellipseLevel(geometry.skull, point) > 1.1 && symphysisDistance(geometry, point) > 1.3,
    );
    if (clear) return bladder;
  }
  return undefined;
}

/** Bowel gas to the right of the birth canal, clear of every landmark. */
function placeGas(stream: Stream, geometry: Geometry): Gas | undefined {
  const { sector, landmarks, skull } = geometry;
  for (let attempt = 0; attempt < 30; attempt++) {
    const angle = stream.uniform(0.25, 0.9) * sector.halfAngle;
    const radius = sector.near + stream.uniform(18, 60);
    const centre = { x: sector.apex.x + radius * Math.sin(angle), y: sector.apex.y + radius * Math.cos(angle) };
    if (ellipseLevel(skull, centre) < 1.12) continue;
    if (Object.values(landmarks).some((p) => Math.hypot(p.x - centre.x, p.y - centre.y) < 13)) continue;
    // Its shadow may not fall on the tangent point: the truth would then be invisible rather than hard to see.
    const tangent = toBeam(sector, landmarks.fh1);
    if (Math.abs(tangent.angle - angle) < 0.12 && tangent.depth > radius - sector.near) continue;
    return { centre, radius: stream.uniform(3, 7), level: stream.uniform(14, 22), shadow: stream.uniform(9, 18) };
  }
  return undefined;
}

function drawLiftOff(stream: Stream, { sector, landmarks }: Geometry): Scene['liftOff'] {
  const side = stream.chance(0.5) ? -1 : 1;
  const reach = Math.max(...Object.values(landmarks).map((p) => side * toBeam(sector, p).angle), 0);
  const begin = Math.max(sector.halfAngle - stream.uniform(0.1, 0.28), reach + 0.03);
  return begin < sector.halfAngle ? { angle: begin, side, loss: stream.uniform(12, 28) } : undefined;
}

/** Level of the symphysis' outline at a point: 1 on it. A superellipse, rounder at its ends than an ellipse. */
export function symphysisDistance({ landmarks: { ps1, ps2 }, symphysisThickness }: Geometry, point: Point): number {
  const ax = (ps2.x - ps1.x) / 2;
  const ay = (ps2.y - ps1.y) / 2;
  const half = Math.hypot(ax, ay);
  const x = point.x - (ps1.x + ps2.x) / 2;
  const y = point.y - (ps1.y + ps2.y) / 2;
  const along = Math.abs(x * ax + y * ay) / half ** 2;
  const across = Math.abs(-x * ay + y * ax) / half / (symphysisThickness / 2);
  return (along ** SYMPHYSIS_EXPONENT + across ** SYMPHYSIS_EXPONENT) ** (1 / SYMPHYSIS_EXPONENT);
}

const SYMPHYSIS_EXPONENT = 2.3;

function borderPoint({ centre, a, b, rotation }: Ellipse, at: number): Point {
  const c = Math.cos(rotation);
  const s = Math.sin(rotation);
  return {
    x: centre.x + c * a * Math.cos(at) - s * b * Math.sin(at),
    y: centre.y + s * a * Math.cos(at) + c * b * Math.sin(at),
  };
}
