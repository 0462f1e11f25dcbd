import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  addCovariances,
  type Covariance,
  ellipseOf,
  mahalanobisSquared,
  rootMeanSquare,
  scaleCovariance,
} from '../../../src/model/index.js';

/** R·diag(major², minor²)·Rᵀ. */
function rotated(major: number, minor: number, angle: number): Covariance {
  const [c, s] = [Math.cos(angle), Math.sin(angle)];
  const [a, b] = [major * major, minor * minor];
  return { xx: a * c * c + b * s * s, xy: (a - b) * c * s, yy: a * s * s + b * c * c };
}

const ellipse = fc.record({
  major: fc.double({ min: 2, max: 50, noNaN: true }),
  ratio: fc.double({ min: 0.05, max: 0.9, noNaN: true }),
  angle: fc.double({ min: -1.5, max: 1.5, noNaN: true }),
});

describe('covariances', () => {
  it('have the ellipse they were made from', () => {
    fc.assert(
      fc.property(ellipse, ({ major, ratio, angle }) => {
        const found = ellipseOf(rotated(major, ratio * major, angle));
        expect(found.major).toBeCloseTo(major, 8);
        expect(found.minor).toBeCloseTo(ratio * major, 6);
        expect(found.angle).toBeCloseTo(angle, 6);
      }),
    );
  });

  it('measure a point on the ellipse of k standard deviations as k²', () => {
    fc.assert(
      fc.property(
        ellipse,
        fc.double({ min: 0.1, max: 4, noNaN: true }),
        fc.double({ min: 0, max: 6, noNaN: true }),
        (e, k, turn) => {
          const [u, v] = [k * e.major * Math.cos(turn), k * e.ratio * e.major * Math.sin(turn)];
          const point = {
            x: u * Math.cos(e.angle) - v * Math.sin(e.angle),
            y: u * Math.sin(e.angle) + v * Math.cos(e.angle),
          };
          expect(mahalanobisSquared(point, rotated(e.major, e.ratio * e.major, e.angle)) / (k * k)).toBeCloseTo(1, 6);
        },
      ),
    );
  });

  it('add, and scale with the square of the unit', () => {
    const sum = addCovariances({ xx: 1, xy: -2, yy: 5 }, { xx: 3, xy: 1, yy: 4 });
    expect(sum).toEqual({ xx: 4, xy: -1, yy: 9 });
    expect(scaleCovariance(sum, 3)).toEqual({ xx: 36, xy: -9, yy: 81 });
    expect(rootMeanSquare({ xx: 9, xy: 0, yy: 16 })).toBe(5);
  });

  it('put every offset beyond a point without extent', () => {
    const none = { xx: 0, xy: 0, yy: 0 };
    expect(mahalanobisSquared({ x: 0, y: 1e-9 }, none)).toBe(Number.POSITIVE_INFINITY);
    expect(mahalanobisSquared({ x: 0, y: 0 }, none)).toBe(0);
  });
});
