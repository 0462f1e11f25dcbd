import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { median, permutationTest } from 'simple-statistics';
import { describe, expect, test } from 'vitest';
import { RandomStream } from '../../../src/train/philox.js';
import { RandomSampler } from '../../../src/train/search/sampler.js';
import { defaultGamma, defaultWeights, rankTrials, TpeSampler } from '../../../src/train/search/tpe-sampler.js';
import type { Trial } from '../../../src/train/search/trial.js';
import { BRANIN, bestOf, completeTrial, emptyTrial, TRAINING } from './problems.js';

/** Median and quartiles of the best value in 50 trials over 40 seeds of Optuna's own samplers. */
const file = fileURLToPath(new URL('../../../../shared/fixtures/optuna/tpe-reference.json', import.meta.url));
type Quartiles = { median: number; q25: number; q75: number };
const reference: Record<'training' | 'branin', Record<'tpe' | 'random', Quartiles>> | undefined = existsSync(file)
  ? JSON.parse(readFileSync(file, 'utf8'))
  : undefined;

const SEEDS = Array.from({ length: 40 }, (_, seed) => seed);
const results = {
  training: {
    tpe: SEEDS.map((seed) => bestOf(new TpeSampler(), TRAINING, 50, seed)),
    random: SEEDS.map((seed) => bestOf(new RandomSampler(), TRAINING, 50, seed)),
  },
  branin: {
    tpe: SEEDS.map((seed) => bestOf(new TpeSampler(), BRANIN, 50, seed)),
    random: SEEDS.map((seed) => bestOf(new RandomSampler(), BRANIN, 50, seed)),
  },
};

const stream = (index = 0) => new RandomStream('trial', { seed: 9, epoch: 0, index });

describe('TpeSampler', () => {
  test.each(['training', 'branin'] as const)('finds better values than random search on the function "%s"', (name) => {
    const generator = xoroshiro128plus(1);
    const { tpe, random } = results[name];
    expect(permutationTest(tpe, random, 'less', 5000, () => uniformFloat64(generator))).toBeLessThan(0.001);
  });

  test.skipIf(reference === undefined).each([
    ['training', 'tpe'],
    ['training', 'random'],
    ['branin', 'tpe'],
    ['branin', 'random'],
  ] as const)("on %s: the median of %s lies within the quartiles of Optuna's", (name, sampler) => {
    const quartiles = reference?.[name][sampler];
    const ours = median(results[name][sampler]);
    expect(ours).toBeGreaterThan(quartiles?.q25 ?? Number.NaN);
    expect(ours).toBeLessThan(quartiles?.q75 ?? Number.NaN);
  });

  test('draws at random before ten trials are complete or pruned', () => {
    const history: Trial[] = Array.from({ length: 9 }, (_, i) => completeTrial(i, { x: 0, y: 0 }, i));
    history.push({ ...emptyTrial(9), state: 'failed' }, emptyTrial(10));
    const random = new RandomSampler().suggest(BRANIN.distributions, [], stream());
    const suggest = (trials: Trial[]) => new TpeSampler().suggest(BRANIN.distributions, trials, stream());
    expect(suggest(history)).toEqual(random);
    expect(suggest([...history, { ...emptyTrial(11), state: 'pruned', internals: { x: 0, y: 0 } }])).not.toEqual(
      random,
    );
  });

  test('goes to the good trials, and leaves failed ones out', () => {
    const good = Array.from({ length: 4 }, (_, i) => completeTrial(i, { x: 8 + i / 10, y: 3 }, 0));
    const bad = Array.from({ length: 30 }, (_, i) => completeTrial(4 + i, { x: -5 + i / 3, y: i / 2 }, 100 + i));
    const failed = Array.from(
      { length: 30 },
      (_, i): Trial => ({ ...completeTrial(34 + i, { x: 8.1, y: 3 }, 0), state: 'failed' }),
    );
    const drawn = SEEDS.map((i) =>
      new TpeSampler().suggest(BRANIN.distributions, [...good, ...bad, ...failed], stream(i)),
    );
    expect(median(drawn.map(({ x }) => x))).toBeGreaterThan(7);
    const without = SEEDS.map((i) => new TpeSampler().suggest(BRANIN.distributions, [...good, ...bad], stream(i)));
    expect(drawn).toEqual(without);
  });

  test('keeps away from what runs elsewhere, unless told not to', () => {
    const finished = Array.from({ length: 20 }, (_, i) =>
      i < 2 ? completeTrial(i, { x: [-4, 9][i], y: 7 }, 0) : completeTrial(i, { x: i / 2 - 3, y: 7 }, 10),
    );
    const running = Array.from({ length: 5 }, (_, i): Trial => ({ ...emptyTrial(20 + i), internals: { x: -4, y: 7 } }));
    const near = (constantLiar: boolean) => {
      const sampler = new TpeSampler({ constantLiar });
      const drawn = SEEDS.map((i) => sampler.suggest(BRANIN.distributions, [...finished, ...running], stream(i)));
      return drawn.filter(({ x }) => x < -2).length;
    };
    expect(near(true)).toBeLessThan(near(false) - 5);
  });

  test('draws whole numbers, steps and choices within their ranges', () => {
    const distributions = {
      batchSize: { type: 'int', low: 2, high: 16, log: false, step: 2 },
      base: { type: 'int', low: 1, high: 64, log: true, step: 1 },
      rotation: { type: 'float', low: 0.1, high: 0.7, log: false, step: 0.1 },
      grid: { type: 'categorical', choices: ['linspace', 'pixel-centre'] },
    } as const;
    for (const sampler of [new RandomSampler(), new TpeSampler(), new TpeSampler({ multivariate: false })]) {
      const trials: Trial[] = [];
      for (let i = 0; i < 60; i++) {
        const internals = sampler.suggest(distributions, trials, stream(i));
        const { batchSize, base, rotation, grid } = internals;
        expect(batchSize % 2 === 0 && batchSize >= 2 && batchSize <= 16).toBe(true);
        expect(Number.isInteger(base) && base >= 1 && base <= 64).toBe(true);
        expect([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7]).toContain(rotation);
        expect([0, 1]).toContain(grid);
        trials.push(completeTrial(i, internals, Math.abs(batchSize - 8) + Math.abs(base - 8) + rotation + 50 * grid));
      }
      if (sampler instanceof RandomSampler) continue;
      const late = trials.slice(30);
      expect(late.filter(({ internals }) => internals.grid === 0).length).toBeGreaterThan(20);
    }
  });

  test('draws the same for the same history and stream', () => {
    const history = Array.from({ length: 15 }, (_, i) => completeTrial(i, { x: i - 5, y: i }, i));
    const suggest = () => new TpeSampler().suggest(BRANIN.distributions, history, stream(3));
    expect(suggest()).toEqual(suggest());
  });
});

describe('rankTrials', () => {
  test('puts complete trials first, then pruned ones by how far they got and what they reported', () => {
    const pruned = (number: number, reports: [number, number][]): Trial => ({
      ...emptyTrial(number),
      state: 'pruned',
      intermediateValues: new Map(reports),
    });
    const ranked = rankTrials([
      pruned(0, []),
      pruned(1, [[3, 1]]),
      pruned(2, [[3, Number.NaN]]),
      pruned(3, [
        [9, 50],
        [2, 0],
      ]),
      completeTrial(4, {}, 7),
      pruned(5, [[3, 0.5]]),
      completeTrial(6, {}, -1),
      completeTrial(7, {}, 7),
    ]);
    expect(ranked.map(({ number }) => number)).toEqual([6, 4, 7, 3, 5, 1, 2, 0]);
  });
});

describe('defaults of Optuna', () => {
  test('a tenth of the trials are good, rounded up, and 25 at most', () => {
    expect([0, 1, 10, 11, 50, 240, 251, 1000].map(defaultGamma)).toEqual([0, 1, 1, 2, 5, 24, 25, 25]);
  });

  test('the newest 25 weigh 1, and older ones less the older they are', () => {
    expect(defaultWeights(3)).toEqual([1, 1, 1]);
    expect(defaultWeights(0)).toEqual([]);
    expect(defaultWeights(26)).toEqual([1 / 26, ...new Array(25).fill(1)]);
    const weights = defaultWeights(29);
    expect(weights.slice(4)).toEqual(new Array(25).fill(1));
    // numpy.linspace(1/29, 1, 4)
    expect(weights.slice(0, 4)).toEqual(
      [1 / 29, 10.333333333333334 / 29, 19.666666666666668 / 29, 1].map((w) => expect.closeTo(w, 12)),
    );
  });
});
