import { describe, expect, it } from 'vitest';
import { EarlyStop } from '../../../src/train/schedule/index.js';

describe('EarlyStop', () => {
  it('names each best epoch and stops after `patience` without a better one', () => {
    const watch = new EarlyStop(3);
    const seen = [5, 4, 4, 4.5, 3, 3, 3, 3].map((metric) => watch.step(metric));
    expect(seen.map(({ improved }) => improved)).toEqual([true, true, false, false, true, false, false, false]);
    expect(seen.map(({ stop }) => stop)).toEqual([false, false, false, false, false, false, false, true]);
  });

  it('never stops without patience', () => {
    const watch = new EarlyStop(null);
    for (let epoch = 0; epoch < 1000; epoch++) expect(watch.step(1).stop).toBe(false);
  });

  it('does not take NaN for the best', () => {
    const watch = new EarlyStop(1);
    expect(watch.step(Number.NaN)).toEqual({ improved: false, stop: true });
    expect(watch.step(7)).toEqual({ improved: true, stop: false });
  });

  it('goes on from a saved state, also one from before the first epoch', () => {
    const first = new EarlyStop(2);
    const second = new EarlyStop(2);
    second.restore(JSON.parse(JSON.stringify(first.state())));
    expect(second.step(9).improved).toBe(true);
    second.step(9);
    first.restore(JSON.parse(JSON.stringify(second.state())));
    expect(first.step(9)).toEqual({ improved: false, stop: true });
    expect(first.step(8.9)).toEqual({ improved: true, stop: false });
  });
});
