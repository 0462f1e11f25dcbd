import { ALIGNMENT, accesses, type Command, locate, type Root } from './commands.js';

/** A buffer to be created, and what lies in it when. */
export interface Bank {
  bytes: number;
  readonly members: { root: Root; offset: number }[];
}

export interface Placement {
  readonly banks: readonly Bank[];
  readonly places: ReadonlyMap<Root, { bank: number; offset: number }>;
  /** The most that is alive at any command: no placement can need less. */
  readonly lowerBound: number;
  /** What is alive then. */
  readonly peak: readonly Root[];
  readonly planned: number;
}

/**
 * Gives every root a bank and an offset, so that roots alive at the same time do not overlap and banks are few and
 * full. WebGPU forbids one dispatch to read and write the same buffer, even in separate ranges, so roots that a
 * command both reads and writes are kept in different banks.
 *
 * Greedy: each root in turn goes where it makes the total grow least. (After "Efficient memory
 * management for deep neural net inference", Pisarchyk and Lee 2020, extended by the read/write rule.)
 *
 * @param separate One bank per root, with `guardBytes` behind it (checked mode).
 */
export function placeRoots(
  roots: readonly Root[],
  commands: readonly Command[],
  maxBankBytes: number,
  separate: boolean,
  guardBytes: number,
): Placement {
  const { bytes: lowerBound, roots: peak } = findPeak(roots);
  if (separate) {
    const banks = roots.map((root) => ({ bytes: root.bytes + guardBytes, members: [{ root, offset: 0 }] }));
    return placement(banks, lowerBound, peak);
  }
  const conflicts = findConflicts(commands);
  let best: Placement | undefined;
  for (const order of ORDERS) {
    const banks = placeInOrder([...roots].sort(order), conflicts, maxBankBytes);
    const candidate = placement(banks, lowerBound, peak);
    if (!best || candidate.planned < best.planned) best = candidate;
  }
  return best ?? placement([], lowerBound, peak);
}

/**
 * Orders to place in; the one that needs least memory wins. Largest first serves a plain training step best. Where
 * activations are computed again, many large tensors live briefly late in the program, and those that die last go first.
 */
const ORDERS: readonly ((a: Root, b: Root) => number)[] = [
  (a, b) => b.bytes - a.bytes || a.first - b.first,
  (a, b) => b.last - a.last || b.bytes - a.bytes,
];

function placeInOrder(ordered: readonly Root[], conflicts: ReadonlyMap<Root, Set<Root>>, maxBankBytes: number): Bank[] {
  const banks: Bank[] = [];
  for (const root of ordered) {
    const bytes = align(root.bytes);
    const enemies = conflicts.get(root);
    let best: { bank: Bank; offset: number; growth: number } | undefined;
    for (const bank of banks) {
      if (enemies && bank.members.some((member) => enemies.has(member.root))) continue;
      const offset = lowestGap(bank, root, bytes);
      if (offset + bytes > maxBankBytes) continue;
      const growth = Math.max(0, offset + bytes - bank.bytes);
      if (!best || growth < best.growth) best = { bank, offset, growth };
    }
    if (!best) {
      best = { bank: { bytes: 0, members: [] }, offset: 0, growth: bytes };
      banks.push(best.bank);
    }
    best.bank.members.push({ root, offset: best.offset });
    best.bank.bytes = Math.max(best.bank.bytes, best.offset + bytes);
  }
  return banks;
}

function placement(banks: readonly Bank[], lowerBound: number, peak: Placement['peak']): Placement {
  const places = new Map<Root, { bank: number; offset: number }>();
  for (const [bank, { members }] of banks.entries()) {
    for (const { root, offset } of members) places.set(root, { bank, offset });
  }
  return { banks, places, lowerBound, peak, planned: banks.reduce((sum, bank) => sum + bank.bytes, 0) };
}

function align(bytes: number): number {
  return Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
}

/** The lowest offset at which `bytes` are free for as long as `root` lives. */
function lowestGap(bank: Bank, root: Root, bytes: number): number {
  const contemporaries = bank.members
    .filter((member) => member.root.first <= root.last && root.first <= member.root.last)
    .sort((a, b) => a.offset - b.offset);
  let offset = 0;
  for (const member of contemporaries) {
    if (offset + bytes <= member.offset) return offset;
    offset = Math.max(offset, member.offset + align(member.root.bytes));
  }
  return offset;
}

/** For each root, those that some command reads while it writes this one, or the other way round. */
function findConflicts(commands: readonly Command[]): Map<Root, Set<Root>> {
  const conflicts = new Map<Root, Set<Root>>();
  const add = (a: Root, b: Root) => {
    if (a === b) return;
    const known = conflicts.get(a);
    if (known) known.add(b);
    else conflicts.set(a, new Set([b]));
  };
  for (const command of commands) {
    const located = accesses(command).map(({ value, writes }) => ({ root: locate(value.root).root, writes }));
    for (const written of located) {
      if (!written.writes) continue;
      for (const read of located) {
        if (read.writes) continue;
        add(written.root, read.root);
        add(read.root, written.root);
      }
    }
  }
  return conflicts;
}

/** The largest sum of bytes alive at one command, and of what. */
function findPeak(roots: readonly Root[]): { bytes: number; roots: Root[] } {
  const changes = new Map<number, number>();
  for (const root of roots) {
    const bytes = align(root.bytes);
    changes.set(root.first, (changes.get(root.first) ?? 0) + bytes);
    changes.set(root.last + 1, (changes.get(root.last + 1) ?? 0) - bytes);
  }
  let alive = 0;
  let peak = { bytes: 0, at: 0 };
  for (const at of [...changes.keys()].sort((a, b) => a - b)) {
    alive += changes.get(at) ?? 0;
    if (alive > peak.bytes) peak = { bytes: alive, at };
  }
  const { bytes, at } = peak;
  return { bytes, roots: roots.filter(({ first, last }) => first <= at && at <= last) };
}
