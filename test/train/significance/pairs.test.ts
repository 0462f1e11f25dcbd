import { describe, expect, it } from 'vitest';
import type { ScoredFrame } from '../../../src/train/run-folder/index.js';
import { adjustedPairs, pairRuns } from '../../../src/train/significance/index.js';

/** A frame whose landmarks are all off by `error` px to the right, which leaves the angle as it is. */
function frame(filename: string, error: number, shift = 0): ScoredFrame {
  const truth = { ps1: { x: 280 + shift, y: 70 }, ps2: { x: 160, y: 100 }, fh1: { x: 320, y: 200 } };
  const right = ({ x, y }: { x: number; y: number }) => ({ x: x + error, y });
  return { filename, truth, predicted: { ps1: right(truth.ps1), ps2: right(truth.ps2), fh1: right(truth.fh1) } };
}

describe('pairRuns', () => {
  it('pairs frames by name, whatever their order, and subtracts the second run from the first', () => {
    const [pair] = pairRuns([
      [frame('a', 1), frame('b', 2), frame('c', 3), frame('only here', 99)],
      [frame('c', 7), frame('a', 2), frame('b', 1), frame('only there', 50)],
    ]);
    expect([pair.first, pair.second, pair.strangers]).toEqual([0, 1, 0]);
    // Differences −1, 1, −4.
    expect(pair.distance?.frames).toBe(3);
    expect(pair.distance?.mean).toBeCloseTo(-4 / 3, 10);
    expect(pair.distance?.firstBetter).toBeCloseTo(2 / 3, 10);
    expect(pair.distance?.interval.low).toBeGreaterThanOrEqual(-4);
    expect(pair.distance?.interval.high).toBeLessThanOrEqual(1);
    expect(pair.angle?.mean).toBeCloseTo(0, 10);
  });

  it('leaves out frames of the same name that are others', () => {
    const [pair] = pairRuns([
      [frame('a', 1), frame('b', 1)],
      [frame('a', 2), frame('b', 2, 0.1)],
    ]);
    expect([pair.distance?.frames, pair.strangers]).toEqual([1, 1]);
  });

  it('has no difference without frames in common', () => {
    const [pair] = pairRuns([[frame('a', 1)], [frame('b', 1)]]);
    expect([pair.distance, pair.angle, pair.strangers]).toEqual([undefined, undefined, 0]);
  });

  it('pairs each run with each once, and tests with the exact distribution', () => {
    const runs = [1, 2, 4].map((error) => Array.from({ length: 6 }, (_, i) => frame(`${i}`, error * (1 + i / 8))));
    const pairs = pairRuns(runs);
    expect(pairs.map(({ first, second }) => [first, second])).toEqual([
      [0, 1],
      [0, 2],
      [1, 2],
    ]);
    // All six differences have one sign: 2 of 2⁶ assignments are as extreme.
    for (const { distance } of pairs) expect(distance?.p).toBeCloseTo(2 / 64, 10);
    // Six tests in all; those of the angles find nothing.
    const adjusted = adjustedPairs(pairs);
    for (const { distance, angle } of adjusted) {
      expect(distance).toBeCloseTo((6 * 2) / 64, 10);
      expect(angle).toBe(1);
    }
  });
});
