import { describe, expect, test } from 'vitest';
import { HalvingPruner, type HalvingPrunerOptions } from '../../../src/train/search/halving-pruner.js';
import { MedianPruner, type MedianPrunerOptions } from '../../../src/train/search/pruner.js';
import type { Trial } from '../../../src/train/search/trial.js';
import { completeTrial, emptyTrial } from './problems.js';

/** Reports at steps 1, 2, …. */
function reports(...values: number[]): Map<number, number> {
  return new Map(values.map((value, i) => [i + 1, value]));
}

function complete(number: number, ...values: number[]): Trial {
  return { ...completeTrial(number, {}, Math.min(...values)), intermediateValues: reports(...values) };
}

function running(number: number, ...values: number[]): Trial {
  return { ...emptyTrial(number), intermediateValues: reports(...values) };
}

describe('MedianPruner', () => {
  const others = [10, 20, 30, 40, 50].map((value, i) => complete(i, value, value / 10));
  const prunes = (trial: Trial, options: MedianPrunerOptions = {}, trials = others) =>
    new MedianPruner(options).decide(trial, [...trials, trial]).prune;

  test('gives up what is worse than the median of complete trials at the same step', () => {
    expect(prunes(running(5, 30.1))).toBe(true);
    expect(prunes(running(5, 30))).toBe(false);
    expect(prunes(running(5, 99, 3.1))).toBe(true);
    expect(prunes(running(5, 99, 2.9))).toBe(false);
  });

  test('takes the mean of the middle two where their number is even', () => {
    expect(prunes(running(5, 25.1), { startupTrials: 4 }, others.slice(0, 4))).toBe(true);
    expect(prunes(running(5, 24.9), { startupTrials: 4 }, others.slice(0, 4))).toBe(false);
  });

  test('judges a trial by the best it has reported so far', () => {
    expect(prunes(running(5, 2, 99))).toBe(false);
  });

  test('lets the first five trials through, however bad', () => {
    expect(prunes(running(4, 1e9), {}, others.slice(0, 4))).toBe(false);
    expect(prunes(running(4, 1e9), { startupTrials: 0 }, [])).toBe(false);
  });

  test('counts complete trials only', () => {
    const pruned = others.map((trial): Trial => ({ ...trial, state: 'pruned' }));
    expect(prunes(running(5, 1e9), {}, [...others.slice(0, 4), ...pruned])).toBe(false);
  });

  test('waits for the warm-up, then decides once per interval', () => {
    const long = others.map(({ number }) => complete(number, 1, 1, 1, 1, 1, 1));
    const at = (steps: number) =>
      prunes(running(5, ...new Array<number>(steps).fill(9)), { warmupSteps: 2, intervalSteps: 3 }, long);
    expect([1, 2, 3, 4, 5, 6].map(at)).toEqual([false, true, false, false, true, false]);
  });

  test('decides at the first report of an interval where steps were left out', () => {
    const long = others.map(({ number }) => complete(number, 1, 1, 1, 1, 1, 1));
    const trial: Trial = {
      ...running(5),
      intermediateValues: new Map([
        [1, 9],
        [4, 9],
      ]),
    };
    expect(prunes(trial, { intervalSteps: 3 }, long)).toBe(true);
    expect(prunes(running(5, 9, 9, 9, 9), { intervalSteps: 3 }, long)).toBe(false);
  });

  test('needs so many reports at the step', () => {
    const trials = [...others.slice(0, 4), complete(4, 1, 1, 1)];
    expect(prunes(running(5, 9, 9, 9), { minTrials: 1 }, trials)).toBe(true);
    expect(prunes(running(5, 9, 9, 9), { minTrials: 2 }, trials)).toBe(false);
  });

  test('gives up a trial that reports no number, and leaves such reports of others out', () => {
    expect(prunes(running(5, Number.NaN))).toBe(true);
    const trials = [...others.slice(0, 4), complete(4, Number.NaN)];
    expect(prunes(running(5, 26), {}, trials)).toBe(true);
    expect(prunes(running(5, 24), {}, trials)).toBe(false);
  });

  test('says nothing before a report', () => {
    expect(prunes(running(5))).toBe(false);
  });
});

describe('HalvingPruner', () => {
  const options: HalvingPrunerOptions = { minResource: 1, reductionFactor: 2 };
  /** A trial whose value on each rung it has reached is given. */
  const onRungs = (number: number, ...values: number[]): Trial => ({
    ...completeTrial(number, {}, 0),
    systemAttributes: Object.fromEntries(values.map((value, rung) => [`completed_rung_${rung}`, value])),
  });
  const decide = (trial: Trial, trials: readonly Trial[] = [], changed: HalvingPrunerOptions = {}) =>
    new HalvingPruner({ ...options, ...changed }).decide(trial, [...trials, trial]);

  test('lets the best half of a rung go on', () => {
    const others = [1, 2, 3].map((value, i) => onRungs(i, value));
    expect(decide(running(3, 1.9), others)).toEqual({ prune: false, systemAttributes: { completed_rung_0: 1.9 } });
    expect(decide(running(3, 2), others).prune).toBe(false);
    expect(decide(running(3, 2.1), others)).toEqual({ prune: true, systemAttributes: { completed_rung_0: 2.1 } });
    // Of seven a quarter is one.
    const six = [1, 3, 4, 5, 6, 7].map((value, i) => onRungs(i, value));
    expect(decide(running(6, 2), six, { reductionFactor: 4 }).prune).toBe(true);
    expect(decide(running(6, 0.5), six, { reductionFactor: 4 }).prune).toBe(false);
  });

  test('promotes the best so far while a rung holds fewer than reductionFactor', () => {
    expect(decide(running(0, 5)).prune).toBe(false);
    expect(decide(running(1, 4), [onRungs(0, 5)], { reductionFactor: 4 }).prune).toBe(false);
    expect(decide(running(1, 6), [onRungs(0, 5)], { reductionFactor: 4 }).prune).toBe(true);
  });

  test('decides at steps minResource · reductionFactor^(minEarlyStoppingRate + rung) only', () => {
    const rungsAt = (steps: number, changed: HalvingPrunerOptions) =>
      Object.keys(decide(running(0, ...new Array<number>(steps).fill(1)), [], changed).systemAttributes ?? {}).length;
    const steps = Array.from({ length: 17 }, (_, i) => i + 1);
    const first = (rungs: number, changed: HalvingPrunerOptions) =>
      steps.find((step) => rungsAt(step, changed) === rungs);
    expect([1, 2, 3].map((rungs) => first(rungs, { reductionFactor: 4 }))).toEqual([1, 4, 16]);
    expect([1, 2].map((rungs) => first(rungs, { minResource: 3 }))).toEqual([3, 6]);
    expect([1, 2].map((rungs) => first(rungs, { minEarlyStoppingRate: 2 }))).toEqual([4, 8]);
  });

  test('goes on from the rung that a trial has reached', () => {
    const trial: Trial = { ...running(1, 9, 9), systemAttributes: { completed_rung_0: 9 } };
    const others = [onRungs(0, 1, 1)];
    expect(decide(trial, others)).toEqual({ prune: true, systemAttributes: { completed_rung_1: 9 } });
    expect(decide({ ...trial, intermediateValues: reports(9) }, others)).toEqual({
      prune: false,
      systemAttributes: {},
    });
  });

  test('gives up all until enough have reached the rung', () => {
    expect(decide(running(1, 1), [onRungs(0, 5)], { bootstrapCount: 2 }).prune).toBe(true);
    expect(decide(running(2, 1), [onRungs(0, 5), onRungs(1, 6)], { bootstrapCount: 2 }).prune).toBe(false);
  });

  test('gives up a trial that reports no number, without a place on the rung', () => {
    expect(decide(running(0, Number.NaN))).toEqual({ prune: true, systemAttributes: {} });
  });

  test('"auto" waits for a complete trial and takes a hundredth of its steps', () => {
    const long: Trial = { ...completeTrial(0, {}, 0), intermediateValues: new Map([[300, 0]]) };
    const auto = (trial: Trial, trials: Trial[]) => decide(trial, trials, { minResource: 'auto', reductionFactor: 4 });
    expect(auto(running(1, 9, 9, 9), [])).toEqual({ prune: false });
    expect(auto(running(1, 9, 9), [long]).systemAttributes).toEqual({});
    expect(auto(running(1, 9, 9, 9), [long]).systemAttributes).toEqual({ completed_rung_0: 9 });
    expect(auto(running(1, 9), [complete(0, 5, 5)]).systemAttributes).toEqual({ completed_rung_0: 9 });
  });
});
