import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { angleOfProgression, type Landmarks, type Point } from '../../src/model/landmarks.js';

const coordinate = fc.double({ min: 0, max: 511, noNaN: true });
const point = fc.record({ x: coordinate, y: coordinate });
const landmarks = fc
  .record({ ps1: point, ps2: point, fh1: point })
  .filter(({ ps1, ps2, fh1 }) => [ps2, fh1].every((p) => Math.hypot(p.x - ps1.x, p.y - ps1.y) > 5));
const move = ({ ps1, ps2, fh1 }: Landmarks, by: (p: Point) => Point) => ({ ps1: by(ps1), ps2: by(ps2), fh1: by(fh1) });

describe('angleOfProgression', () => {
  it('is 93.0664855° in the worked example', () => {
    const example = { ps1: { x: 280, y: 70 }, ps2: { x: 160, y: 100 }, fh1: { x: 320, y: 200 } };
    expect(angleOfProgression(example)).toBeCloseTo(93.0664855, 7);
  });

  it('spans 0° to 180°, and is exact at both ends', () => {
    const along = (x: number) => angleOfProgression({ ps1: { x: 0, y: 0 }, ps2: { x: -3, y: 0 }, fh1: { x, y: 0 } });
    expect(along(-7)).toBe(0);
    expect(along(7)).toBe(180);
  });

  it('has its vertex at PS1', () => {
    const right = { ps1: { x: 0, y: 0 }, ps2: { x: -3, y: 0 }, fh1: { x: 0, y: 4 } };
    expect(angleOfProgression(right)).toBeCloseTo(90, 12);
    expect(angleOfProgression({ ...right, ps1: right.ps2, ps2: right.ps1 })).toBeCloseTo(53.1301, 4);
  });

  it('does not change under translation, rotation, flips and uniform scale', () => {
    const angle = fc.double({ min: -Math.PI, max: Math.PI, noNaN: true });
    const scale = fc.double({ min: 0.1, max: 10, noNaN: true });
    fc.assert(
      fc.property(landmarks, angle, scale, point, fc.boolean(), (points, turn, scale, shift, flip) => {
        const [c, s] = [Math.cos(turn) * scale, Math.sin(turn) * scale];
        const moved = move(points, ({ x, y }) => ({
          x: (flip ? -1 : 1) * (c * x - s * y) + shift.x,
          y: s * x + c * y + shift.y,
        }));
        expect(angleOfProgression(moved)).toBeCloseTo(angleOfProgression(points) ?? Number.NaN, 6);
      }),
    );
  });

  it('changes when one axis is stretched', () => {
    const right = { ps1: { x: 0, y: 0 }, ps2: { x: -1, y: 1 }, fh1: { x: 1, y: 1 } };
    expect(angleOfProgression(move(right, ({ x, y }) => ({ x, y: 2 * y })))).toBeCloseTo(53.1301, 4);
  });

  it('is undefined where a ray has no length or a coordinate is not a number', () => {
    const p = { x: 5, y: 6 };
    expect(angleOfProgression({ ps1: p, ps2: p, fh1: { x: 0, y: 0 } })).toBeUndefined();
    expect(angleOfProgression({ ps1: p, ps2: { x: 0, y: 0 }, fh1: p })).toBeUndefined();
    expect(angleOfProgression({ ps1: p, ps2: { x: 0, y: 0 }, fh1: { x: Number.NaN, y: 1 } })).toBeUndefined();
  });
});
