import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { ALIGNMENT, accesses, type Command, locate, type PlannedBuffer } from './commands.js';

/** A GPUBuffer to be created, and what lies in it when. */
export interface Bank {
  bytes: number;
  /** Sorted by offset. */
  readonly members: { buffer: PlannedBuffer; offset: number }[];
}

export interface Placement {
  readonly banks: readonly Bank[];
  readonly places: ReadonlyMap<PlannedBuffer, { bank: number; offset: number }>;
  /** The most that is alive at any command: no placement can need less. */
  readonly lowerBound: number;
  /** The buffers that are alive then. */
  readonly peak: readonly PlannedBuffer[];
  readonly planned: number;
}

/**
 * Gives every planned buffer a bank and an offset, so that those alive at the same time do not overlap and banks are
 * few and full. WebGPU forbids one dispatch to read and write the same GPUBuffer, even in separate ranges, so if a
 * command reads one planned buffer and writes another, they are kept in different banks.
 *
 * Greedy: each buffer in turn goes where it makes the total grow least (after "Efficient memory management for deep
 * neural net inference", Pisarchyk and Lee 2020, extended by the read/write rule). What order is best depends on the
 * program, so the best of a few is improved by moving buffers in it as long as that helps.
 *
 * @param separate One bank per buffer, with `guardBytes` behind it (checked mode).
 */
export function placeBuffers(
  buffers: readonly PlannedBuffer[],
  commands: readonly Command[],
  maxBankBytes: number,
  separate: boolean,
  guardBytes: number,
): Placement {
  const { bytes: lowerBound, buffers: peak } = findPeak(buffers);
  if (separate) {
    const banks = buffers.map((buffer) => ({ bytes: buffer.bytes + guardBytes, members: [{ buffer, offset: 0 }] }));
    return placement(banks, lowerBound, peak);
  }
  const conflicts = findConflicts(commands);
  const place = (order: readonly PlannedBuffer[]) => placeInOrder(order, conflicts, maxBankBytes);
  const orders = ORDERS.map((order) => [...buffers].sort(order));
  let best = least(orders.map(place));
  if (bytesOf(best) - lowerBound > Math.max(NEGLIGIBLE_BYTES, NEGLIGIBLE_SHARE * lowerBound)) {
    // Small buffers fit into what large ones leave, so only these are worth moving.
    const isLarge = ({ bytes }: PlannedBuffer) => bytes >= lowerBound / 256;
    const improved = improveOrder(
      orders.map((order) => order.filter(isLarge)),
      place,
      lowerBound,
    );
    best = least([best, place([...improved, ...orders[0].filter((buffer) => !isLarge(buffer))])]);
  }
  return placement(best, lowerBound, peak);
}

/** Excess over the least possible memory below which no better order is searched for. */
const NEGLIGIBLE_BYTES = 2 ** 18;
const NEGLIGIBLE_SHARE = 0.02;

/**
 * Orders tried in search of a better one, fewer for many buffers: half a second for a large network that computes
 * activations again.
 */
const triesFor = (count: number) => Math.min(300, Math.floor(3e7 / count ** 2));

/**
 * Orders to begin with. Largest first serves a plain training step best. Where activations are computed again, many
 * large tensors live briefly late in the program, and those that die last go first.
 */
const ORDERS: readonly ((a: PlannedBuffer, b: PlannedBuffer) => number)[] = [
  (a, b) => b.bytes - a.bytes || a.first - b.first,
  (a, b) => b.last - a.last || b.bytes - a.bytes,
];

/**
 * The best of some orders, with buffers moved to places drawn at random, always the same ones, as long as nothing gets
 * worse.
 */
function improveOrder(
  orders: readonly (readonly PlannedBuffer[])[],
  place: (order: readonly PlannedBuffer[]) => Bank[],
  lowerBound: number,
): readonly PlannedBuffer[] {
  const generator = xoroshiro128plus(1);
  const below = (count: number) => uniformInt(generator, 0, count - 1);
  const scored = orders.map((order) => ({ order, bytes: bytesOf(place(order)) }));
  let best = scored.reduce((a, b) => (b.bytes < a.bytes ? b : a));
  const tries = triesFor(best.order.length);
  for (let tried = 0; tried < tries && best.bytes > (1 + NEGLIGIBLE_SHARE) * lowerBound; tried++) {
    const order = [...best.order];
    for (let moves = 1 + below(3); moves > 0; moves--) {
      const [moved] = order.splice(below(order.length), 1);
      order.splice(below(order.length + 1), 0, moved);
    }
    const bytes = bytesOf(place(order));
    if (bytes <= best.bytes) best = { order, bytes };
  }
  return best.order;
}

function placeInOrder(
  order: readonly PlannedBuffer[],
  conflicts: ReadonlyMap<PlannedBuffer, Set<PlannedBuffer>>,
  maxBankBytes: number,
): Bank[] {
  const banks: Bank[] = [];
  /** Buffers that may not be placed in each bank. */
  const excluded: Set<PlannedBuffer>[] = [];
  for (const buffer of order) {
    const bytes = align(buffer.bytes);
    let best: { at: number; offset: number; growth: number } | undefined;
    for (const [at, bank] of banks.entries()) {
      if (excluded[at].has(buffer)) continue;
      const offset = lowestGap(bank, buffer, bytes);
      if (offset + bytes > maxBankBytes) continue;
      const growth = Math.max(0, offset + bytes - bank.bytes);
      if (!best || growth < best.growth) best = { at, offset, growth };
    }
    if (!best) {
      best = { at: banks.length, offset: 0, growth: bytes };
      banks.push({ bytes: 0, members: [] });
      excluded.push(new Set());
    }
    const { at, offset } = best;
    const bank = banks[at];
    let rank = bank.members.length;
    while (rank > 0 && bank.members[rank - 1].offset > offset) rank -= 1;
    bank.members.splice(rank, 0, { buffer, offset });
    bank.bytes = Math.max(bank.bytes, offset + bytes);
    for (const enemy of conflicts.get(buffer) ?? []) excluded[at].add(enemy);
  }
  return banks;
}

function bytesOf(banks: readonly Bank[]): number {
  return banks.reduce((sum, bank) => sum + bank.bytes, 0);
}

function least(placements: readonly Bank[][]): Bank[] {
  return placements.reduce((a, b) => (bytesOf(b) < bytesOf(a) ? b : a));
}

function placement(banks: readonly Bank[], lowerBound: number, peak: Placement['peak']): Placement {
  const places = new Map<PlannedBuffer, { bank: number; offset: number }>();
  for (const [bank, { members }] of banks.entries()) {
    for (const { buffer, offset } of members) places.set(buffer, { bank, offset });
  }
  return { banks, places, lowerBound, peak, planned: bytesOf(banks) };
}

function align(bytes: number): number {
  return Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
}

/** The lowest offset at which `bytes` are free for as long as `buffer` lives. */
function lowestGap({ members }: Bank, buffer: PlannedBuffer, bytes: number): number {
  let offset = 0;
  for (const member of members) {
    if (member.buffer.first > buffer.last || buffer.first > member.buffer.last) continue;
    if (offset + bytes <= member.offset) return offset;
    offset = Math.max(offset, member.offset + align(member.buffer.bytes));
  }
  return offset;
}

/** The conflicts of each buffer: those that some command reads while it writes this one, or the other way round. */
function findConflicts(commands: readonly Command[]): Map<PlannedBuffer, Set<PlannedBuffer>> {
  const conflicts = new Map<PlannedBuffer, Set<PlannedBuffer>>();
  const add = (a: PlannedBuffer, b: PlannedBuffer) => {
    if (a === b) return;
    const known = conflicts.get(a);
    if (known) known.add(b);
    else conflicts.set(a, new Set([b]));
  };
  for (const command of commands) {
    const located = accesses(command).map(({ value, writes }) => ({ buffer: locate(value.buffer).buffer, writes }));
    for (const written of located) {
      if (!written.writes) continue;
      for (const read of located) {
        if (read.writes) continue;
        add(written.buffer, read.buffer);
        add(read.buffer, written.buffer);
      }
    }
  }
  return conflicts;
}

/** The largest sum of bytes alive at one command, and of what. */
function findPeak(buffers: readonly PlannedBuffer[]): { bytes: number; buffers: PlannedBuffer[] } {
  const changes = new Map<number, number>();
  for (const buffer of buffers) {
    const bytes = align(buffer.bytes);
    changes.set(buffer.first, (changes.get(buffer.first) ?? 0) + bytes);
    changes.set(buffer.last + 1, (changes.get(buffer.last + 1) ?? 0) - bytes);
  }
  let alive = 0;
  let peak = { bytes: 0, at: 0 };
  for (const at of [...changes.keys()].sort((a, b) => a - b)) {
    alive += changes.get(at) ?? 0;
    if (alive > peak.bytes) peak = { bytes: alive, at };
  }
  const { bytes, at } = peak;
  return { bytes, buffers: buffers.filter(({ first, last }) => first <= at && at <= last) };
}
