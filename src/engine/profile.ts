import type { DeviceQueue } from './device-queue.js';
import { BufferUsage } from './usage.js';

/** One dispatch of a profiled execution. */
export interface DispatchTime {
  readonly label: string;
  readonly milliseconds: number;
  readonly flops: number;
  /** Bytes of all bound values: each read or written at least once. */
  readonly bytes: number;
}

/** A profiled execution. */
export interface Profile {
  /** Wall-clock time from submission to completion. */
  readonly wallMilliseconds: number;
  /** Per dispatch, in order; undefined where the adapter has no timestamps. */
  readonly dispatches: readonly DispatchTime[] | undefined;
}

const QUERIES_PER_SET = 4096;

/** Timestamp queries around every dispatch of one execution. */
export class Timestamps {
  private readonly sets: GPUQuerySet[] = [];
  private readonly timed: { label: string; flops: number; bytes: number }[] = [];
  private resolved: GPUBuffer | undefined;

  constructor(private readonly device: DeviceQueue) {}

  /** Queries for the next dispatch. */
  next(step: { label: string; flops: number; bytes: number }): GPUComputePassTimestampWrites {
    const query = this.timed.length * 2;
    const set = Math.floor(query / QUERIES_PER_SET);
    this.sets[set] ??= this.device.gpu.createQuerySet({ type: 'timestamp', count: QUERIES_PER_SET });
    this.timed.push({ label: step.label, flops: step.flops, bytes: step.bytes });
    const first = query % QUERIES_PER_SET;
    return { querySet: this.sets[set], beginningOfPassWriteIndex: first, endOfPassWriteIndex: first + 1 };
  }

  /** Records the resolution of the queries, behind all dispatches. */
  encode(encoder: GPUCommandEncoder): void {
    if (this.sets.length === 0) return;
    const bytes = this.sets.length * QUERIES_PER_SET * 8;
    const usage = BufferUsage.QUERY_RESOLVE | BufferUsage.COPY_SRC;
    this.resolved = this.device.gpu.createBuffer({ label: 'timestamps', size: bytes, usage });
    for (const [index, set] of this.sets.entries()) {
      const count = Math.min(QUERIES_PER_SET, this.timed.length * 2 - index * QUERIES_PER_SET);
      encoder.resolveQuerySet(set, 0, count, this.resolved, index * QUERIES_PER_SET * 8);
    }
  }

  /** The times, once the commands have been submitted. */
  async read(): Promise<DispatchTime[]> {
    if (!this.resolved) return [];
    const times = new BigUint64Array(await this.device.readBuffer(this.resolved, 0, this.timed.length * 16));
    this.resolved.destroy();
    for (const set of this.sets) set.destroy();
    return this.timed.map((step, index) => ({
      ...step,
      milliseconds: Number(times[2 * index + 1] - times[2 * index]) / 1e6,
    }));
  }
}

/** Dispatches grouped by label, the most expensive first, as a table for a terminal. */
export function formatProfile(profile: Profile, peakGflops?: number): string {
  if (!profile.dispatches) return `${profile.wallMilliseconds.toFixed(2)} ms (this adapter has no timestamps)`;
  const groups = new Map<string, { count: number; ms: number; flops: number; bytes: number }>();
  for (const { label, milliseconds, flops, bytes } of profile.dispatches) {
    const group = groups.get(label) ?? { count: 0, ms: 0, flops: 0, bytes: 0 };
    group.count += 1;
    group.ms += milliseconds;
    group.flops += flops;
    group.bytes += bytes;
    groups.set(label, group);
  }
  const total = [...groups.values()].reduce((sum, group) => sum + group.ms, 0);
  const width = Math.max(9, ...[...groups.keys()].map((label) => label.length));
  const head = `${'operation'.padEnd(width)} ${'calls'.padStart(5)} ${'ms'.padStart(9)} ${'share'.padStart(6)} ${'GFLOP/s'.padStart(9)} ${'GB/s'.padStart(8)}${peakGflops ? ` ${'peak'.padStart(6)}` : ''}`;
  const rows = [...groups].sort(([, a], [, b]) => b.ms - a.ms);
  const lines = rows.map(([label, { count, ms, flops, bytes }]) => {
    // A timer's step can be longer than a kernel: then there is no rate to print.
    const rate = (amount: number) => (ms > 0 && amount > 0 ? amount / ms / 1e6 : undefined);
    const gflops = rate(flops);
    const share = total > 0 ? `${((100 * ms) / total).toFixed(1)} %` : '';
    const peak = peakGflops && gflops ? ` ${`${((100 * gflops) / peakGflops).toFixed(0)} %`.padStart(6)}` : '';
    return (
      `${label.padEnd(width)} ${String(count).padStart(5)} ${ms.toFixed(3).padStart(9)} ${share.padStart(6)} ` +
      `${(gflops?.toFixed(2) ?? '').padStart(9)} ${(rate(bytes)?.toFixed(2) ?? '').padStart(8)}${peak}`
    );
  });
  return [head, ...lines, `${'sum'.padEnd(width)} ${''.padStart(5)} ${total.toFixed(3).padStart(9)}`].join('\n');
}
