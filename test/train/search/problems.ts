import { RandomStream } from '../../../src/train/philox.js';
import type { Distributions } from '../../../src/train/search/distribution.js';
import type { Sampler } from '../../../src/train/search/sampler.js';
import type { Trial } from '../../../src/train/search/trial.js';

/** A complete trial with these internal values. */
export function completeTrial(number: number, internals: Record<string, number>, value: number): Trial {
  return { ...emptyTrial(number), state: 'complete', internals, value };
}

export function emptyTrial(number: number): Trial {
  return {
    id: number,
    number,
    state: 'running',
    internals: {},
    distributions: {},
    intermediateValues: new Map(),
    userAttributes: {},
    systemAttributes: {},
  };
}

export interface Problem {
  readonly distributions: Distributions;
  readonly value: (internals: Readonly<Record<string, number>>) => number;
}

const linear = (low: number, high: number) => ({ type: 'float', low, high, log: false, step: null }) as const;
const logarithmic = (low: number, high: number) => ({ ...linear(low, high), log: true }) as const;

/** Shaped like a training run's score around the paper's settings; of `shared/fixtures/optuna`. */
export const TRAINING: Problem = {
  distributions: {
    learningRate: logarithmic(1e-5, 1e-3),
    lambda: logarithmic(0.1, 10),
    sigma: linear(1, 4),
    clipNorm: linear(0.1, 5),
  },
  value: ({ learningRate, lambda, sigma, clipNorm }) =>
    4 * Math.log10(learningRate / 5.35e-5) ** 2 +
    2 * Math.log10(lambda / 3.73) ** 2 +
    (sigma - 2.3) ** 2 +
    0.2 * (clipNorm - 0.72) ** 2,
};

/** Branin's function: three minima of 0.3979. */
export const BRANIN: Problem = {
  distributions: { x: linear(-5, 10), y: linear(0, 15) },
  value: ({ x, y }) =>
    (y - (5.1 / (4 * Math.PI ** 2)) * x ** 2 + (5 / Math.PI) * x - 6) ** 2 +
    10 * (1 - 1 / (8 * Math.PI)) * Math.cos(x) +
    10,
};

/** The best value that a sampler finds in `count` trials. */
export function bestOf(sampler: Sampler, { distributions, value }: Problem, count: number, seed: number): number {
  const trials: Trial[] = [];
  for (let number = 0; number < count; number++) {
    const internals = sampler.suggest(
      distributions,
      trials,
      new RandomStream('trial', { seed, epoch: 0, index: number }),
    );
    trials.push(completeTrial(number, internals, value(internals)));
  }
  return Math.min(...trials.map((trial) => trial.value ?? Number.NaN));
}
