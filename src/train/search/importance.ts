import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { axisOf } from './axis.js';
import { type Distribution, type Distributions, isSingle } from './distribution.js';
import { growTree, type Leaf } from './regression-tree.js';
import type { Trial } from './trial.js';

/** Trees of the forest: as many as Optuna grows. */
const TREES = 64;
/** Complete trials below which nothing can be said. */
const FEWEST_TRIALS = 4;

/**
 * How much of the variation of the value each parameter explains by itself, as shares that sum to 1: functional
 * analysis of variance on a random forest (Hutter, Hoos and Leyton-Brown, "An efficient approach for assessing
 * hyperparameter importance", 2014), as Optuna's default, but on the scale on which parameters are searched. It looks
 * at complete trials. Few trials make it uncertain, and so does a sampler that stays where values are good.
 *
 * @returns undefined with fewer than four complete trials, or where all values are equal
 */
export function parameterImportance(
  trials: readonly Trial[],
  distributions: Distributions,
): Record<string, number> | undefined {
  const names = Object.keys(distributions);
  const searched = names.filter((name) => !isSingle(distributions[name]));
  const complete = trials.filter(
    ({ state, value, internals }) =>
      state === 'complete' && Number.isFinite(value) && names.every((name) => name in internals),
  );
  const values = complete.map(({ value }) => Number(value));
  if (complete.length < FEWEST_TRIALS || new Set(values).size === 1 || searched.length === 0) return undefined;
  const rows = complete.map(({ internals }) => searched.map((name) => toUnit(distributions[name], internals[name])));
  const shares = forestShares(rows, values);
  const total = shares.reduce((sum, share) => sum + share, 0);
  if (total === 0) return undefined;
  return Object.fromEntries(names.map((name) => [name, (shares[searched.indexOf(name)] ?? 0) / total]));
}

/** Where a value lies on its axis, from 0 to 1. A choice lies in the middle of its part, in the order given. */
function toUnit(distribution: Distribution, internal: number): number {
  if (distribution.type === 'categorical') return (internal + 0.5) / distribution.choices.length;
  const { low, high, toAxis } = axisOf(distribution);
  return (toAxis(internal) - low) / (high - low);
}

/** For each column the share of a tree's variance that is its own, as a mean over trees grown on bootstrap samples. */
function forestShares(rows: readonly number[][], values: readonly number[]): number[] {
  const random = xoroshiro128plus(0);
  const sums = rows[0].map(() => 0);
  for (let tree = 0; tree < TREES; tree++) {
    const sample = rows.map(() => uniformInt(random, 0, rows.length - 1));
    const leaves = growTree(
      sample.map((i) => rows[i]),
      sample.map((i) => values[i]),
      random,
    );
    for (const [column, share] of treeShares(leaves).entries()) sums[column] += share / TREES;
  }
  return sums;
}

/**
 * For each column the variance, over the unit cube, of the mean over all other columns, as a share of the whole
 * variance. All zero for a tree that is a single leaf.
 */
export function treeShares(leaves: readonly Leaf[]): number[] {
  const volumes = leaves.map(({ box }) => box.reduce((product, [from, to]) => product * (to - from), 1));
  const mean = leaves.reduce((sum, { value }, i) => sum + volumes[i] * value, 0);
  const variance = leaves.reduce((sum, { value }, i) => sum + volumes[i] * (value - mean) ** 2, 0);
  return leaves[0].box.map((_, column) => {
    if (variance === 0) return 0;
    const edges = [...new Set(leaves.flatMap(({ box }) => box[column]))].sort((a, b) => a - b);
    let own = 0;
    for (let i = 0; i + 1 < edges.length; i++) {
      const [from, to] = [edges[i], edges[i + 1]];
      // The mean over the other columns, of the leaves that span this part of the column.
      const marginal = leaves.reduce((sum, { box, value }, leaf) => {
        const [start, end] = box[column];
        return start <= from && to <= end ? sum + (value - mean) * (volumes[leaf] / (end - start)) : sum;
      }, 0);
      own += (to - from) * marginal ** 2;
    }
    return own / variance;
  });
}
