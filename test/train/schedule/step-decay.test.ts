import { describe, expect, it } from 'vitest';
import { StepDecay } from '../../../src/train/schedule/index.js';

const baseline = { learningRate: 1e-4, factor: 0.5, every: 15 };

describe('StepDecay', () => {
  it('halves the learning rate after every fifteenth epoch, as StepLR(step_size=15, gamma=0.5)', () => {
    const schedule = new StepDecay(baseline);
    const rates = [schedule.learningRate, ...Array.from({ length: 45 }, () => schedule.step())];
    expect(rates.slice(0, 15)).toEqual(new Array(15).fill(1e-4));
    expect(rates.slice(15, 30)).toEqual(new Array(15).fill(5e-5));
    expect(rates.slice(30, 45)).toEqual(new Array(15).fill(2.5e-5));
    expect(rates[45]).toBe(1.25e-5);
  });

  it('goes on where its state was taken', () => {
    const schedule = new StepDecay(baseline);
    for (let epoch = 0; epoch < 20; epoch++) schedule.step();
    const resumed = new StepDecay(baseline);
    resumed.restore(JSON.parse(JSON.stringify(schedule.state())));
    expect(resumed.learningRate).toBe(5e-5);
    for (let epoch = 20; epoch < 40; epoch++) expect(resumed.step()).toBe(schedule.step());
  });
});
