import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fromCoordinates, type Landmarks, mapLandmarks, toCoordinates } from '../../src/train/index.js';

const grids = fc.constantFrom('linspace' as const, 'pixel-centre' as const);
const pixel = fc.double({ min: -100, max: 2100, noNaN: true });
const point = fc.record({ x: pixel, y: pixel });
const landmarks = fc.record({ ps1: point, ps2: point, fh1: point });

function expectClose(actual: Landmarks, expected: Landmarks): void {
  for (const name of ['ps1', 'ps2', 'fh1'] as const) {
    expect(actual[name].x).toBeCloseTo(expected[name].x, 8);
    expect(actual[name].y).toBeCloseTo(expected[name].y, 8);
  }
}

describe("a network's coordinates", () => {
  test('are x, then y, of PS1, PS2 and FH1', () => {
    const five = { ps1: { x: 0, y: 1 }, ps2: { x: 2, y: 3 }, fh1: { x: 4, y: 0 } };
    expect(toCoordinates(five, 5, 'linspace')).toEqual([-1, -0.5, 0, 0.5, 1, -1]);
  });

  test('are −1 and 1 at the first and last pixel (linspace), or at the edges of the frame (pixel-centre)', () => {
    const ends = (low: number, high: number) => {
      const corner = { x: low, y: high };
      return { ps1: corner, ps2: corner, fh1: corner };
    };
    expect(toCoordinates(ends(0, 511), 512, 'linspace')).toEqual([-1, 1, -1, 1, -1, 1]);
    expect(toCoordinates(ends(-0.5, 511.5), 512, 'pixel-centre')).toEqual([-1, 1, -1, 1, -1, 1]);
  });

  test("agree with dsntnn's formula for cell i of n: (2i − (n − 1))/n", () => {
    const cell = { x: 3, y: 2 };
    const [x, y] = toCoordinates({ ps1: cell, ps2: cell, fh1: cell }, 5, 'pixel-centre');
    expect(x).toBeCloseTo(0.4, 12);
    expect(y).toBeCloseTo(0, 12);
  });

  test('lead back to the pixels they were made of, from any place in a list', () => {
    fc.assert(
      fc.property(landmarks, fc.integer({ min: 2, max: 2048 }), grids, fc.nat(20), (truth, size, grid, at) => {
        const list = [...new Array<number>(at).fill(Number.NaN), ...toCoordinates(truth, size, grid)];
        expectClose(fromCoordinates(list, at, size, grid), truth);
      }),
    );
  });

  test('mapLandmarks moves each point by itself', () => {
    fc.assert(
      fc.property(landmarks, (truth) => {
        const moved = mapLandmarks(truth, ({ x, y }) => ({ x: y, y: -x }));
        for (const name of ['ps1', 'ps2', 'fh1'] as const) {
          expect(moved[name]).toEqual({ x: truth[name].y, y: -truth[name].x });
        }
      }),
    );
  });
});
