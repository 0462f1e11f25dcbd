import fc from 'fast-check';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { describe, expect, test } from 'vitest';
import { RandomStream } from '../../../src/train/philox.js';
import type { Distributions } from '../../../src/train/search/distribution.js';
import { parameterImportance, treeShares } from '../../../src/train/search/importance.js';
import { growTree, type Leaf } from '../../../src/train/search/regression-tree.js';
import { RandomSampler } from '../../../src/train/search/sampler.js';
import type { Trial } from '../../../src/train/search/trial.js';
import { completeTrial, type Problem, TRAINING } from './problems.js';

function randomTrials({ distributions, value }: Problem, count: number): Trial[] {
  return Array.from({ length: count }, (_, number) => {
    const random = new RandomStream('trial', { seed: 2, epoch: 0, index: number });
    const internals = new RandomSampler().suggest(distributions, [], random);
    return completeTrial(number, internals, value(internals));
  });
}

describe('growTree', () => {
  const random = () => xoroshiro128plus(7);

  test('parts a step function where it steps, also at the root and in one go', () => {
    const rows = [0.1, 0.3, 0.5, 0.9].flatMap((x) => [0.2, 0.6].map((y) => [x, y]));
    const leaves = growTree(
      rows,
      rows.map(([x]) => (x < 0.4 ? 1 : 5)),
      random(),
    );
    expect(leaves).toEqual([
      {
        box: [
          [0, 0.4],
          [0, 1],
        ],
        value: 1,
      },
      {
        box: [
          [0.4, 1],
          [0, 1],
        ],
        value: 5,
      },
    ]);
  });

  test('fills the cube with leaves that hold one value each, or what nothing parts', () => {
    const values = fc.array(
      fc.tuple(fc.integer({ min: 0, max: 4 }), fc.integer({ min: 0, max: 4 }), fc.integer({ min: 0, max: 3 })),
      {
        minLength: 1,
        maxLength: 20,
      },
    );
    fc.assert(
      fc.property(values, (points) => {
        const rows = points.map(([x, y]) => [x / 4, y / 4]);
        const leaves = growTree(
          rows,
          points.map(([, , value]) => value),
          random(),
        );
        const volume = leaves.reduce((sum, { box: [[a, b], [c, d]] }) => sum + (b - a) * (d - c), 0);
        expect(volume).toBeCloseTo(1, 12);
        for (const row of rows) {
          // Leaves do not share their upper edges, except that of the cube.
          const holds = ({ box }: Leaf) => box.every(([from, to], c) => row[c] >= from && (row[c] < to || to === 1));
          const same = points.filter((_, j) => rows[j].every((x, c) => x === row[c]));
          const mean = same.reduce((sum, [, , value]) => sum + value, 0) / same.length;
          expect(leaves.filter(holds).map(({ value }) => value)).toEqual([expect.closeTo(mean, 12)]);
        }
      }),
    );
  });
});

describe('treeShares', () => {
  test('are the variances of the means over the other columns, exactly', () => {
    // 1 where x < 0.1, and 0.2 more where y < 0.5: variances 0.1·0.9·1² and 0.5·0.5·0.2².
    const leaves: Leaf[] = [
      [0, 0.1],
      [0.1, 1],
    ].flatMap(([a, b], i) =>
      [
        [0, 0.5],
        [0.5, 1],
      ].map(([c, d], j) => ({
        box: [
          [a, b],
          [c, d],
        ] as const,
        value: [1, 0][i] + [0.2, 0][j],
      })),
    );
    expect(treeShares(leaves)).toEqual([expect.closeTo(0.9, 12), expect.closeTo(0.1, 12)]);
    // What only both together decide belongs to neither: (±1)·(±1).
    const both: Leaf[] = [
      [0, 0.5],
      [0.5, 1],
    ].flatMap(([a, b], i) =>
      [
        [0, 0.5],
        [0.5, 1],
      ].map(([c, d], j) => ({
        box: [
          [a, b],
          [c, d],
        ] as const,
        value: i === j ? 1 : -1,
      })),
    );
    expect(treeShares(both)).toEqual([0, 0]);
    expect(treeShares([{ box: [[0, 1]], value: 3 }])).toEqual([0]);
  });
});

describe('parameterImportance', () => {
  test('comes near the shares of the variance of a function whose terms add up', () => {
    const shares = parameterImportance(randomTrials(TRAINING, 150), TRAINING.distributions);
    // Variance of each term over its range, on the scale on which it is drawn, by numerical integration.
    const exact = { learningRate: 0.436, lambda: 0.306, sigma: 0.083, clipNorm: 0.175 };
    for (const [name, share] of Object.entries(exact)) {
      expect(Math.abs((shares?.[name] ?? Number.NaN) - share)).toBeLessThan(0.15);
    }
    const order = Object.entries(shares ?? {}).sort(([, a], [, b]) => b - a);
    expect(order.map(([name]) => name)).toEqual(['learningRate', 'lambda', 'clipNorm', 'sigma']);
    expect(Object.values(shares ?? {}).reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 9);
  });

  const mixed: Distributions = {
    grid: { type: 'categorical', choices: ['linspace', 'pixel-centre', 'other'] },
    batchSize: { type: 'int', low: 1, high: 64, log: true, step: 1 },
    only: { type: 'categorical', choices: ['one'] },
  };

  test('gives everything to what decides alone, a choice or a step, and nothing to a single value', () => {
    const byGrid = { distributions: mixed, value: ({ grid }: Record<string, number>) => Number(grid === 1) };
    const grid = parameterImportance(randomTrials(byGrid, 40), mixed);
    expect(grid?.grid).toBeGreaterThan(0.97);
    expect(grid?.only).toBe(0);
    const byBatch = { distributions: mixed, value: ({ batchSize }: Record<string, number>) => Number(batchSize > 8) };
    expect(parameterImportance(randomTrials(byBatch, 40), mixed)?.batchSize).toBeGreaterThan(0.97);
  });

  test('does not depend on the order of the parameters', () => {
    const trials = randomTrials(TRAINING, 12);
    const reversed = Object.fromEntries(Object.entries(TRAINING.distributions).reverse());
    const [shares, others] = [
      parameterImportance(trials, TRAINING.distributions),
      parameterImportance(trials, reversed),
    ];
    for (const name of Object.keys(reversed))
      expect(Math.abs((shares?.[name] ?? 0) - (others?.[name] ?? 1))).toBeLessThan(0.15);
  });

  test('looks at complete trials with a value only, and needs four that differ', () => {
    const trials = randomTrials(TRAINING, 12);
    const others = trials.map((trial): Trial => ({ ...trial, state: 'pruned', value: -trial.number }));
    const infinite = completeTrial(99, trials[0].internals, Number.POSITIVE_INFINITY);
    const shares = parameterImportance(trials, TRAINING.distributions);
    expect(parameterImportance([...trials, ...others, infinite], TRAINING.distributions)).toEqual(shares);
    expect(parameterImportance(trials.slice(0, 3), TRAINING.distributions)).toBeUndefined();
    const equal = trials.map((trial) => ({ ...trial, value: 3 }));
    expect(parameterImportance(equal, TRAINING.distributions)).toBeUndefined();
  });
});
