import { existsSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ReduceOnPlateau } from '../../../src/train/schedule/index.js';

const golden = '../shared/golden/plateau_0.json';
const options = { learningRate: 1, factor: 0.5, patience: 2, threshold: 1e-4, minLearningRate: 0 };

/** The learning rate after each of `metrics`. */
function rates(schedule: ReduceOnPlateau, metrics: readonly number[]): number[] {
  return metrics.map((metric) => schedule.step(metric));
}

describe('ReduceOnPlateau', () => {
  it.skipIf(!existsSync(golden))('follows PyTorch over 32 epochs (plateau_0)', () => {
    const { params, metrics, lr_after } = JSON.parse(readFileSync(golden, 'utf8'));
    const { lr, factor, patience, threshold, min_lr } = params;
    const schedule = new ReduceOnPlateau({ learningRate: lr, factor, patience, threshold, minLearningRate: min_lr });
    expect(rates(schedule, metrics)).toEqual(lr_after);
  });

  it('bears `patience` epochs without improvement and lowers after the next', () => {
    expect(rates(new ReduceOnPlateau(options), [5, 5, 5, 5, 5, 5, 5])).toEqual([1, 1, 1, 0.5, 0.5, 0.5, 0.25]);
  });

  it('counts an improvement only beyond the relative threshold', () => {
    const coarse = { ...options, patience: 0, threshold: 0.1 };
    expect(rates(new ReduceOnPlateau(coarse), [10, 9, 8.9, 8.1])).toEqual([1, 0.5, 0.5, 0.25]);
  });

  it('stops at the smallest learning rate, and before changes too small to matter', () => {
    expect(rates(new ReduceOnPlateau({ ...options, patience: 0, minLearningRate: 0.3 }), [1, 1, 1, 1])).toEqual([
      1, 0.5, 0.3, 0.3,
    ]);
    expect(rates(new ReduceOnPlateau({ ...options, patience: 0, learningRate: 1.5e-8 }), [1, 1])).toEqual([
      1.5e-8, 1.5e-8,
    ]);
  });

  it('does not take NaN for an improvement', () => {
    expect(rates(new ReduceOnPlateau({ ...options, patience: 0 }), [Number.NaN, 3, Number.NaN])).toEqual([
      0.5, 0.5, 0.25,
    ]);
  });

  it('goes on from a saved state as if it had never stopped', () => {
    const losses = fc.array(fc.double({ min: 0, max: 2, noNaN: true }), { maxLength: 30 });
    fc.assert(
      fc.property(losses, losses, (before, after) => {
        const whole = new ReduceOnPlateau(options);
        rates(whole, before);
        const resumed = new ReduceOnPlateau(options);
        resumed.restore(JSON.parse(JSON.stringify(whole.state())));
        expect(resumed.learningRate).toBe(whole.learningRate);
        expect(rates(resumed, after)).toEqual(rates(whole, after));
      }),
    );
  });
});
