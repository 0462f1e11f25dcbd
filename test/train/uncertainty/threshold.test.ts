import { describe, expect, it } from 'vitest';
import { mean } from '../../../src/train/metrics/index.js';
import { fitThreshold } from '../../../src/train/uncertainty/index.js';
import { normals, uniforms } from '../../support/normals.js';

describe('fitThreshold', () => {
  it('splits where the errors rise', () => {
    const predicted = Array.from({ length: 40 }, (_, i) => i + 1);
    // The six frames with the greatest predicted error are wrong.
    expect(
      fitThreshold(
        predicted,
        predicted.map((value) => (value > 34 ? 30 : 5)),
      ),
    ).toBe(34.5);
    // Eight is a fifth of the frames; more are not flagged.
    expect(
      fitThreshold(
        predicted,
        predicted.map((value) => (value > 20 ? 30 : 5)),
      ),
    ).toBe(32.5);
    // Two is a twentieth; fewer are not flagged either.
    expect(
      fitThreshold(
        predicted,
        predicted.map((value) => (value > 39 ? 300 : 5)),
      ),
    ).toBe(38.5);
  });

  it('flags nothing where the predicted error says nothing, or the wrong way round', () => {
    const predicted = Array.from({ length: 40 }, (_, i) => i + 1);
    expect(
      fitThreshold(
        predicted,
        predicted.map((value) => 5 + (value % 2)),
      ),
    ).toBeNull();
    expect(
      fitThreshold(
        predicted,
        predicted.map((value) => 50 - value),
      ),
    ).toBeNull();
    expect(
      fitThreshold(
        predicted.map(() => 3),
        predicted,
      ),
    ).toBeNull();
    expect(fitThreshold(predicted.slice(0, 19), predicted.slice(0, 19))).toBeNull();
    expect(fitThreshold([], [])).toBeNull();
  });

  it('does not part frames of the same predicted error', () => {
    const predicted = Array.from({ length: 40 }, (_, i) => (i < 33 ? 1 : i < 38 ? 2 : 3));
    // Parting the second group after its second frame would explain the errors best.
    const actual = Array.from({ length: 40 }, (_, i) => ([33, 34, 38, 39].includes(i) ? 30 : 5));
    expect([1.5, 2.5]).toContain(fitThreshold(predicted, actual));
  });

  it('flags frames that are worse among those it was not fitted on', () => {
    const uniform = uniforms(1);
    const normal = normals(2);
    const draw = () => {
      const predicted = Array.from({ length: 200 }, () => 4 + 8 * uniform() ** 3);
      return { predicted, actual: predicted.map((sigma) => sigma * Math.hypot(normal(), normal())) };
    };
    const fitted = draw();
    const threshold = fitThreshold(fitted.predicted, fitted.actual) ?? Number.NaN;
    const unseen = draw();
    const flagged = unseen.actual.filter((_, i) => unseen.predicted[i] > threshold);
    const others = unseen.actual.filter((_, i) => unseen.predicted[i] <= threshold);
    expect(flagged.length).toBeGreaterThan(5);
    expect(flagged.length).toBeLessThan(60);
    expect(mean(flagged)).toBeGreaterThan(1.3 * mean(others));
  });
});
