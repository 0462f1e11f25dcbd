import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  angleGradient,
  angleOfProgression,
  angleUncertainty,
  type Covariance,
  LANDMARK_NAMES,
  type Landmarks,
} from '../../../src/model/index.js';
import { normals } from '../../support/normals.js';

const frame: Landmarks = { ps1: { x: 280, y: 70 }, ps2: { x: 160, y: 100 }, fh1: { x: 320, y: 200 } };
const round = (variance: number): Covariance => ({ xx: variance, xy: 0, yy: variance });
const all = (covariance: Covariance) => ({ ps1: covariance, ps2: covariance, fh1: covariance });

const point = fc.record({
  x: fc.double({ min: 0, max: 511, noNaN: true }),
  y: fc.double({ min: 0, max: 511, noNaN: true }),
});
/** Rays of some length and not nearly collinear, where central differences can be trusted. */
const landmarks = fc.record({ ps1: point, ps2: point, fh1: point }).filter((given) => {
  const angle = angleOfProgression(given) ?? 0;
  const length = (p: { x: number; y: number }) => Math.hypot(p.x - given.ps1.x, p.y - given.ps1.y);
  return length(given.ps2) > 20 && length(given.fh1) > 20 && angle > 1 && angle < 179;
});

function moved(given: Landmarks, name: keyof Landmarks, axis: 'x' | 'y', by: number): number {
  const point = { ...given[name], [axis]: given[name][axis] + by };
  return angleOfProgression({ ...given, [name]: point }) ?? Number.NaN;
}

describe('angleGradient', () => {
  it('agrees with central differences', () => {
    fc.assert(
      fc.property(landmarks, (given) => {
        const gradient = angleGradient(given);
        for (const name of LANDMARK_NAMES) {
          for (const axis of ['x', 'y'] as const) {
            const slope = (moved(given, name, axis, 1e-3) - moved(given, name, axis, -1e-3)) / 2e-3;
            expect(gradient?.[name][axis]).toBeCloseTo(slope, 4);
          }
        }
      }),
    );
  });

  it('does not exist where there is no angle', () => {
    expect(angleGradient({ ...frame, fh1: frame.ps1 })).toBeUndefined();
    expect(angleUncertainty({ ...frame, ps2: frame.ps1 }, all(round(1)))).toBeUndefined();
  });
});

/** Angles of landmarks drawn from normal distributions about the given ones. */
function draw(given: Landmarks, covariances: Record<keyof Landmarks, Covariance>, count: number): number[] {
  const normal = normals(7);
  const drawn = (name: keyof Landmarks) => {
    const { xx, xy, yy } = covariances[name];
    // Cholesky: [[l, 0], [m, n]].
    const l = Math.sqrt(xx);
    const m = xy / l;
    const n = Math.sqrt(yy - m * m);
    const [u, v] = [normal(), normal()];
    return { x: given[name].x + l * u, y: given[name].y + m * u + n * v };
  };
  return Array.from(
    { length: count },
    () => angleOfProgression({ ps1: drawn('ps1'), ps2: drawn('ps2'), fh1: drawn('fh1') }) ?? Number.NaN,
  );
}

function sdOf(values: readonly number[]): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1));
}

describe('angleUncertainty', () => {
  const elongated = {
    ps1: { xx: 40, xy: 18, yy: 25 },
    ps2: { xx: 90, xy: -50, yy: 60 },
    fh1: { xx: 30, xy: 25, yy: 200 },
  };

  it.each([
    ['round and small', frame, all(round(9))],
    ['elongated', frame, elongated],
    ['obtuse', { ...frame, fh1: { x: 420, y: 110 } }, elongated],
    ['acute', { ...frame, fh1: { x: 190, y: 240 } }, elongated],
  ])('agrees with Monte Carlo: %s', (_, given, covariances) => {
    const angles = draw(given, covariances, 20_000);
    const found = angleUncertainty(given, covariances);
    expect(found?.approximate).toBe(false);
    // The standard deviation of 20,000 values is itself known to 0.5 %; the rest is curvature.
    expect(Math.abs((found?.sd ?? Number.NaN) / sdOf(angles) - 1)).toBeLessThan(0.03);
    const inside = angles.filter((angle) => angle >= (found?.low ?? 180) && angle <= (found?.high ?? 0)).length;
    expect(Math.abs(inside / angles.length - 0.95)).toBeLessThan(0.008);
  });

  it('follows the covariance along the normal of a ray only', () => {
    // FH1 right below PS1: only its x turns the ray, by 1/130 rad per pixel.
    const given = { ...frame, fh1: { x: 280, y: 200 } };
    const none = { xx: 0, xy: 0, yy: 0 };
    const along = angleUncertainty(given, { ps1: none, ps2: none, fh1: { xx: 0, xy: 0, yy: 50 } });
    expect(along?.sd).toBeCloseTo(0, 12);
    const across = angleUncertainty(given, { ps1: none, ps2: none, fh1: { xx: 4, xy: 0, yy: 50 } });
    expect(across?.sd).toBeCloseTo(((2 / 130) * 180) / Math.PI, 10);
  });

  it('does not mind the unit, nor a turn of the frame', () => {
    const before = angleUncertainty(frame, elongated);
    const turn = ({ x, y }: { x: number; y: number }) => ({ x: -3 * y, y: 3 * x });
    const turned = angleUncertainty(
      { ps1: turn(frame.ps1), ps2: turn(frame.ps2), fh1: turn(frame.fh1) },
      {
        ps1: { xx: 9 * 25, xy: -9 * 18, yy: 9 * 40 },
        ps2: { xx: 9 * 60, xy: 9 * 50, yy: 9 * 90 },
        fh1: { xx: 9 * 200, xy: -9 * 25, yy: 9 * 30 },
      },
    );
    expect(turned?.sd).toBeCloseTo(before?.sd ?? Number.NaN, 9);
    expect(angleUncertainty(frame, elongated, 2)?.sd).toBeCloseTo(2 * (before?.sd ?? Number.NaN), 9);
  });

  it('stays within 0° to 180° and says that it is rough near collinearity', () => {
    const flat = { ps1: { x: 200, y: 100 }, ps2: { x: 100, y: 100 }, fh1: { x: 300, y: 104 } };
    const found = angleUncertainty(flat, all(round(25)));
    expect(found?.high).toBe(180);
    expect(found?.approximate).toBe(true);
    // The fold halves the spread there, which the linear approximation cannot see.
    expect(sdOf(draw(flat, all(round(25)), 5000))).toBeLessThan(0.8 * (found?.sd ?? 0));
    expect(angleUncertainty(frame, all(round(25)))?.approximate).toBe(false);
    // Far from the fold, but the rays turn by 25° in a standard deviation.
    const loose = angleUncertainty(frame, all(round(30 ** 2)));
    expect([loose?.approximate, (loose?.low ?? 0) > 0, (loose?.high ?? 180) < 180]).toEqual([true, true, true]);
  });
});
