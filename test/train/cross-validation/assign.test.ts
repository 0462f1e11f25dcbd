import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { assignFolds } from '../../../src/train/cross-validation/assign.js';

/** Σ over strata, and all frames as one more, of Σ over folds of (n − share)²/total. */
function costOf(strata: readonly number[], folds: readonly number[], count: number): number {
  let cost = 0;
  for (const stratum of [...new Set(strata), undefined]) {
    const own = folds.filter((_, i) => stratum === undefined || strata[i] === stratum);
    for (let fold = 0; fold < count; fold++) {
      cost += (own.filter((one) => one === fold).length - own.length / count) ** 2 / own.length;
    }
  }
  return cost;
}

/** Consecutive numbers from 0, in the order in which they come. */
const renumbered = (values: readonly number[]) => {
  const seen = [...new Set(values)];
  return values.map((value) => seen.indexOf(value));
};
const frames = (most: number, groups: number) =>
  fc
    .array(fc.tuple(fc.nat(4), fc.nat(groups)), { minLength: 4, maxLength: most })
    .map((pairs) => ({ strata: renumbered(pairs.map(([s]) => s)), groups: renumbered(pairs.map(([, g]) => g)) }));

describe('assignFolds', () => {
  test('keeps groups whole and depends on nothing but its arguments', () => {
    fc.assert(
      fc.property(frames(60, 25), fc.integer({ min: 2, max: 8 }), fc.nat(), ({ strata, groups }, folds, seed) => {
        const assigned = assignFolds(strata, groups, folds, seed);
        expect(assigned).toEqual(assignFolds(strata, groups, folds, seed));
        const foldOf = new Map(groups.map((group, i) => [group, assigned[i]]));
        expect(assigned).toEqual(groups.map((group) => foldOf.get(group)));
        for (const fold of assigned) expect(fold >= 0 && fold < folds).toBe(true);
      }),
    );
  });

  test('single frames are shared out to within one, in every stratum and in all', () => {
    fc.assert(
      fc.property(frames(80, 0), fc.integer({ min: 2, max: 8 }), fc.nat(), ({ strata }, folds, seed) => {
        const assigned = assignFolds(
          strata,
          strata.map((_, i) => i),
          folds,
          seed,
        );
        const spread = (of: (i: number) => boolean) => {
          const counts = Array.from(
            { length: folds },
            (_, fold) => assigned.filter((f, i) => f === fold && of(i)).length,
          );
          return Math.max(...counts) - Math.min(...counts);
        };
        for (const stratum of new Set(strata)) expect(spread((i) => strata[i] === stratum)).toBeLessThanOrEqual(1);
        expect(spread(() => true)).toBeLessThanOrEqual(1);
      }),
    );
  });

  test('is hardly worse than the best of all ways to do it', () => {
    let sum = 0;
    let best = 0;
    fc.assert(
      fc.property(frames(14, 6), fc.nat(), ({ strata, groups }, seed) => {
        const own = costOf(strata, assignFolds(strata, groups, 3, seed), 3);
        const count = Math.max(...groups) + 1;
        let least = Number.POSITIVE_INFINITY;
        for (let code = 0; code < 3 ** count; code++) {
          const tried = groups.map((group) => Math.floor(code / 3 ** group) % 3);
          least = Math.min(least, costOf(strata, tried, 3));
        }
        expect(own).toBeGreaterThan(least - 1e-9);
        sum += own;
        best += least;
      }),
      { numRuns: 60, seed: 1 },
    );
    expect(sum).toBeLessThan(1.05 * best);
  });

  test('no fold stays empty while there are groups for all', () => {
    fc.assert(
      fc.property(frames(40, 40), fc.nat(), ({ strata, groups }, seed) => {
        const folds = Math.max(2, Math.min(8, new Set(groups).size));
        if (new Set(groups).size < folds) return;
        expect(new Set(assignFolds(strata, groups, folds, seed)).size).toBe(folds);
      }),
    );
  });

  test('the seed decides among equals', () => {
    const strata = new Array<number>(24).fill(0);
    const groups = strata.map((_, i) => i);
    const assigned = [1, 2, 3, 4].map((seed) => assignFolds(strata, groups, 4, seed).join(''));
    expect(new Set(assigned).size).toBe(4);
  });
});
