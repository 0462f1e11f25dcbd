import { uniformInt } from 'pure-rand/distribution/uniformInt';
import type { RandomGenerator } from 'pure-rand/types/RandomGenerator';

export type Range = readonly [from: number, to: number];

/** A box of the unit cube on which a tree is constant. */
export interface Leaf {
  readonly box: readonly Range[];
  readonly value: number;
}

/**
 * Grows a regression tree (Breiman et al., "Classification and regression trees", 1984) until no leaf holds different
 * values that a split could part: at each node the split, in whichever column, that leaves the smallest squared error.
 *
 * @param rows points of the unit cube @param values one for each
 * @param random decides between equally good splits of different columns
 * @returns the leaves, which fill the cube
 */
export function growTree(
  rows: readonly (readonly number[])[],
  values: readonly number[],
  random: RandomGenerator,
): Leaf[] {
  const leaves: Leaf[] = [];
  const grow = (members: readonly number[], box: readonly Range[]) => {
    const split = bestSplit(rows, values, members, random);
    if (split === undefined) {
      leaves.push({ box, value: members.reduce((sum, i) => sum + values[i], 0) / members.length });
      return;
    }
    const { column, at } = split;
    const [from, to] = box[column];
    grow(
      members.filter((i) => rows[i][column] < at),
      box.with(column, [from, at]),
    );
    grow(
      members.filter((i) => rows[i][column] >= at),
      box.with(column, [at, to]),
    );
  };
  grow(
    rows.map((_, i) => i),
    rows[0].map(() => [0, 1]),
  );
  return leaves;
}

interface Split {
  readonly column: number;
  readonly at: number;
}

/** The split of these members that leaves the smallest squared error; undefined where none helps. */
function bestSplit(
  rows: readonly (readonly number[])[],
  values: readonly number[],
  members: readonly number[],
  random: RandomGenerator,
): Split | undefined {
  if (members.every((i) => values[i] === values[members[0]])) return undefined;
  const total = members.reduce((sum, i) => sum + values[i], 0);
  let best: Split | undefined;
  let largest = Number.NEGATIVE_INFINITY;
  let equals = 1;
  for (let column = 0; column < rows[0].length; column++) {
    const found = bestSplitOf(column, rows, values, members, total);
    if (found === undefined || found.gain < largest) continue;
    // Each of n equally good columns has the chance 1/n, also where they come one after another.
    equals = found.gain === largest ? equals + 1 : 1;
    if (equals > 1 && uniformInt(random, 1, equals) > 1) continue;
    [best, largest] = [{ column, at: found.at }, found.gain];
  }
  return best;
}

/**
 * The squared error left by a split is that of all values about 0, less Σ²/n of either side: the largest sum of those
 * two is the smallest error.
 */
function bestSplitOf(
  column: number,
  rows: readonly (readonly number[])[],
  values: readonly number[],
  members: readonly number[],
  total: number,
): { readonly at: number; readonly gain: number } | undefined {
  const sorted = members.toSorted((a, b) => rows[a][column] - rows[b][column]);
  let best: { at: number; gain: number } | undefined;
  let below = 0;
  for (let count = 1; count < sorted.length; count++) {
    const [last, next] = [sorted[count - 1], sorted[count]];
    below += values[last];
    if (rows[last][column] === rows[next][column]) continue;
    const gain = below ** 2 / count + (total - below) ** 2 / (sorted.length - count);
    if (best === undefined || gain > best.gain) best = { at: (rows[last][column] + rows[next][column]) / 2, gain };
  }
  return best;
}
