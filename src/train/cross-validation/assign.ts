import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';

/**
 * Divides frames into folds that hold, of every stratum and in all, as equal shares as groups allow, where a group goes
 * to one fold whole.
 *
 * What is made small is Σ over strata and folds of (n_sf − n_s/k)²/n_s, plus the same for all frames as one stratum:
 * the largest groups first, each where it costs least (as scikit-learn's StratifiedGroupKFold does); then groups move,
 * or change places with others, as long as that helps. Equals are taken in an order that the seed decides.
 *
 * @param strata The number of each frame's stratum, counted from 0.
 * @param groups The number of each frame's group, counted from 0.
 * @returns the fold of each frame, counted from 0
 */
export function assignFolds(
  strata: readonly number[],
  groups: readonly number[],
  folds: number,
  seed: number,
): number[] {
  const members = countByGroup(strata, groups);
  const order = shuffled(members.length, seed).sort((a, b) => members[b].size - members[a].size);
  const balance = new Balance(strata, folds);
  const foldOf = new Int32Array(members.length);
  for (const group of order) {
    foldOf[group] = cheapest(folds, (fold) => balance.cost(members[group], undefined, fold));
    balance.move(members[group], undefined, foldOf[group]);
  }
  while (improve(order, members, foldOf, balance, folds));
  return groups.map((group) => foldOf[group]);
}

/** How many frames of each stratum a group has. */
interface Group {
  readonly size: number;
  /** Stratum and count, only where there are any. */
  readonly counts: readonly (readonly [number, number])[];
  /** Groups with the same counts have the same kind. */
  readonly kind: string;
}

function countByGroup(strata: readonly number[], groups: readonly number[]): Group[] {
  const counts: Map<number, number>[] = [];
  for (const [i, group] of groups.entries()) {
    counts[group] ??= new Map();
    counts[group].set(strata[i], (counts[group].get(strata[i]) ?? 0) + 1);
  }
  return counts.map((own) => {
    const sorted = [...own].sort(([a], [b]) => a - b);
    const size = sorted.reduce((sum, [, count]) => sum + count, 0);
    return { size, counts: sorted, kind: sorted.join(' ') };
  });
}

/** How far folds are from equal shares. */
class Balance {
  /** Frames per stratum and fold, and in the last row all frames. */
  private readonly counts: Float64Array;
  private readonly totals: Float64Array;

  constructor(
    strata: readonly number[],
    private readonly folds: number,
  ) {
    const rows = Math.max(...strata) + 2;
    this.totals = new Float64Array(rows);
    for (const stratum of strata) this.totals[stratum] += 1;
    this.totals[rows - 1] = strata.length;
    this.counts = new Float64Array(rows * folds);
  }

  /** What moving a group from one fold to another would add to the cost; below 0 where it helps. */
  cost(group: Group, from: number | undefined, to: number): number {
    let added = 0;
    this.each(group, (row, count) => {
      const share = this.totals[row] / this.folds;
      // (n + c − s)² − (n − s)² = c·(2(n − s) + c), likewise for what is taken away.
      if (from !== undefined) added += (count * (count - 2 * (this.at(row, from) - share))) / this.totals[row];
      added += (count * (count + 2 * (this.at(row, to) - share))) / this.totals[row];
    });
    return added;
  }

  move(group: Group, from: number | undefined, to: number): void {
    this.each(group, (row, count) => {
      if (from !== undefined) this.counts[row * this.folds + from] -= count;
      this.counts[row * this.folds + to] += count;
    });
  }

  private at(row: number, fold: number): number {
    return this.counts[row * this.folds + fold];
  }

  private each({ counts, size }: Group, body: (row: number, count: number) => void): void {
    for (const [stratum, count] of counts) body(stratum, count);
    body(this.totals.length - 1, size);
  }
}

/** Below this a change of the cost is rounding. */
const WORTHWHILE = 1e-9;

/** Moves every group where that helps, and exchanges groups where that does. @returns whether anything did */
function improve(
  order: readonly number[],
  members: readonly Group[],
  foldOf: Int32Array,
  balance: Balance,
  folds: number,
): boolean {
  let improved = false;
  for (const group of order) {
    const own = members[group];
    const from = foldOf[group];
    const to = cheapest(folds, (fold) => (fold === from ? 0 : balance.cost(own, from, fold)));
    if (to === from || balance.cost(own, from, to) > -WORTHWHILE) continue;
    balance.move(own, from, to);
    foldOf[group] = to;
    improved = true;
  }
  // Of groups of one kind in one fold it does not matter which is exchanged, so one stands for all.
  const seen = new Map<string, number>();
  for (const group of order) seen.set(`${foldOf[group]} ${members[group].kind}`, group);
  const candidates = [...seen.values()];
  for (const [i, a] of candidates.entries()) {
    for (const b of candidates.slice(i + 1)) {
      const [foldA, foldB] = [foldOf[a], foldOf[b]];
      if (foldA === foldB || members[a].kind === members[b].kind) continue;
      const there = balance.cost(members[a], foldA, foldB);
      balance.move(members[a], foldA, foldB);
      const change = there + balance.cost(members[b], foldB, foldA);
      if (change > -WORTHWHILE) {
        balance.move(members[a], foldB, foldA);
        continue;
      }
      balance.move(members[b], foldB, foldA);
      foldOf[a] = foldB;
      foldOf[b] = foldA;
      improved = true;
    }
  }
  return improved;
}

/** The fold with the least cost, the first of equals. */
function cheapest(folds: number, cost: (fold: number) => number): number {
  let best = 0;
  let least = Number.POSITIVE_INFINITY;
  for (let fold = 0; fold < folds; fold++) {
    const own = cost(fold);
    if (own < least - WORTHWHILE) [best, least] = [fold, own];
  }
  return best;
}

/** The numbers 0 to count − 1 in random order (Fisher and Yates). */
function shuffled(count: number, seed: number): number[] {
  const random = xoroshiro128plus(seed);
  const numbers = Array.from({ length: count }, (_, i) => i);
  for (let i = count - 1; i > 0; i--) {
    const j = uniformInt(random, 0, i);
    [numbers[i], numbers[j]] = [numbers[j], numbers[i]];
  }
  return numbers;
}
