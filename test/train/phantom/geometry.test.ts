import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { angleOfProgression, type Point } from '../../../src/model/landmarks.js';
import { drawGeometry, type Geometry, LABEL_RANGES, toPixels } from '../../../src/train/phantom/geometry.js';
import { PROFILES } from '../../../src/train/phantom/profiles.js';
import { Stream } from '../../../src/train/phantom/random.js';

const geometries = fc
  .tuple(fc.maxSafeNat(), fc.nat(1e6), fc.constantFrom(...PROFILES))
  .map(([seed, index, profile]) => drawGeometry(new Stream(seed, index, 'geometry'), profile));
const holds = (check: (geometry: Geometry) => void) => fc.assert(fc.property(geometries, check), { numRuns: 300 });

/** Coordinates in which the skull is the unit circle. */
function onUnitCircle({ skull }: Geometry, { x, y }: Point): Point {
  const [c, s] = [Math.cos(skull.rotation), Math.sin(skull.rotation)];
  const [dx, dy] = [x - skull.centre.x, y - skull.centre.y];
  return { x: (c * dx + s * dy) / skull.a, y: (-s * dx + c * dy) / skull.b };
}

describe('drawGeometry', () => {
  it('labels the angle that was drawn, to 1e-9 degrees', () => {
    holds((geometry) => {
      expect(Math.abs((angleOfProgression(geometry.landmarks) ?? Number.NaN) - geometry.aop)).toBeLessThan(1e-9);
    });
  });

  it('puts FH1 on the skull, where the ray from PS1 touches it', () => {
    holds((geometry) => {
      const touch = onUnitCircle(geometry, geometry.landmarks.fh1);
      const from = onUnitCircle(geometry, geometry.landmarks.ps1);
      expect(Math.hypot(touch.x, touch.y)).toBeCloseTo(1, 10);
      // A tangent of the unit circle is perpendicular to the radius, in the coordinates of the circle.
      const ray = { x: touch.x - from.x, y: touch.y - from.y };
      expect((ray.x * touch.x + ray.y * touch.y) / Math.hypot(ray.x, ray.y)).toBeCloseTo(0, 10);
    });
  });

  it('has the head on the side of the symphysis that labour puts it: below the line PS1–PS2 and left of the ray', () => {
    holds(({ landmarks: { ps1, ps2, fh1 }, skull: { centre } }) => {
      const cross = (a: Point, b: Point, p: Point) => (b.x - a.x) * (p.y - a.y) - (b.y - a.y) * (p.x - a.x);
      expect(cross(ps2, ps1, centre)).toBeGreaterThan(0);
      expect(cross(ps1, fh1, centre)).toBeGreaterThan(0);
    });
  });

  it('keeps to the label ranges of the public data', () => {
    holds(({ landmarks, aop, millimetresPerPixel }) => {
      for (const name of ['ps1', 'ps2', 'fh1'] as const) {
        const { x, y } = toPixels(landmarks[name], millimetresPerPixel, 512);
        expect(x).toBeGreaterThanOrEqual(LABEL_RANGES[name].x[0]);
        expect(x).toBeLessThanOrEqual(LABEL_RANGES[name].x[1]);
        expect(y).toBeGreaterThanOrEqual(LABEL_RANGES[name].y[0]);
        expect(y).toBeLessThanOrEqual(LABEL_RANGES[name].y[1]);
      }
      expect(aop).toBeGreaterThanOrEqual(LABEL_RANGES.aop[0]);
      expect(aop).toBeLessThanOrEqual(LABEL_RANGES.aop[1]);
      expect(landmarks.ps1.x).toBeGreaterThan(landmarks.ps2.x);
    });
  });

  it('keeps to the anatomical ranges, in millimetres, and the symphysis out of the head', () => {
    holds((geometry) => {
      const { landmarks, skull, symphysisThickness, millimetresPerPixel } = geometry;
      const { ps1, ps2 } = landmarks;
      const length = Math.hypot(ps1.x - ps2.x, ps1.y - ps2.y);
      const within = (value: number, low: number, high: number) => expect(value >= low && value <= high).toBe(true);
      within(length, 28, 46);
      within(symphysisThickness, 12, 17);
      within(skull.a, 51, 61);
      within(skull.b, 43, 51);
      within(millimetresPerPixel * 512, 105, 165);
      within((Math.atan2(ps2.y - ps1.y, ps1.x - ps2.x) * 180) / Math.PI, -8, 42);
      for (let step = 0; step <= 10; step++) {
        const axis = onUnitCircle(geometry, {
          x: ps1.x + ((ps2.x - ps1.x) * step) / 10,
          y: ps1.y + ((ps2.y - ps1.y) * step) / 10,
        });
        expect(Math.hypot(axis.x, axis.y)).toBeGreaterThan(1);
      }
    });
  });

  it('spreads the angle as the public data do: mean near 100°, both narrow and wide', () => {
    const angles = Array.from(
      { length: 600 },
      (_, i) => drawGeometry(new Stream(3, i, 'geometry'), PROFILES[i % 8]).aop,
    );
    const mean = angles.reduce((sum, angle) => sum + angle, 0) / angles.length;
    expect(mean).toBeGreaterThan(92);
    expect(mean).toBeLessThan(110);
    expect(angles.filter((angle) => angle < 80).length).toBeGreaterThan(20);
    expect(angles.filter((angle) => angle > 125).length).toBeGreaterThan(20);
  });
});
