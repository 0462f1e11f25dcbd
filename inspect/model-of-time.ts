import type { Chip } from './chips.js';
import type { Figures } from './figures.js';
import { sumWork } from './work.js';

/** A dispatch of a program. */
export interface Dispatched {
  /** Name of its kernel. */
  readonly kernel: string;
  readonly workgroups: number;
  /** Invocations of each. */
  readonly size: number;
  /** Useful arithmetic, 2 per multiply-add; 0 where the operation does not say. */
  readonly flops: number;
  /** Of everything that is bound, read or written. */
  readonly bytes: number;
}

/** What may hold a kernel, and the microseconds that it takes for that. */
export type Bounds = Readonly<Record<Bound, number>>;

export type Bound = 'instructions' | 'matrix units' | 'workgroup memory' | 'memory' | 'latency' | 'launch';

/** Rounds of a loop within a loop: the steps of a tile. */
const INNER_ROUNDS = 16;

/**
 * Lower bounds of a dispatch's time. Machine code does not tell how often a loop runs: in kernels that multiply tiles
 * it is what the useful arithmetic takes, in others what the bytes take that it touches, each once.
 */
export function boundsOf(dispatch: Dispatched, figures: Figures, chip: Chip): Bounds {
  const { once, hot, around, elsewhere } = figures.work;
  const invocations = dispatch.workgroups * dispatch.size;
  const multipliesTiles = dispatch.flops > 0 && [hot, ...around].some((loop) => (loop?.workgroupBytes ?? 0) > 0);
  const rounds = Math.max(1, hot ? total() / (invocations * perRound()) : 1);
  const roundsAround = around.map((_, i) => Math.max(1, rounds / INNER_ROUNDS ** (i + 1)));
  const work = sumWork([
    [1, once],
    ...(hot ? [[rounds, hot] as const] : []),
    ...around.map((loop, i) => [roundsAround[i], loop] as const),
    [multipliesTiles ? 1 : rounds, elsewhere],
  ]);

  // Workgroups do not fall evenly into cores.
  const perCore = Math.ceil(dispatch.workgroups / chip.cores) * dispatch.size;
  const clocks = chip.clock * 1000;
  const subgroups = perCore / figures.subgroupSize;
  const resident = Math.max(1, Math.min(subgroups, figures.occupancy * chip.schedulers));
  const loads =
    (once.globalBytes > 0 ? 1 : 0) +
    (hot && hot.globalBytes > 0 ? rounds : 0) +
    around.reduce((sum, loop, i) => sum + (loop.globalBytes > 0 ? roundsAround[i] : 0), 0);
  return {
    instructions: (perCore * work.issued) / (chip.lanes * clocks),
    'matrix units': chip.matrix ? (subgroups * work.matrixFlops * chip.cores) / (chip.matrix * 1e6) : 0,
    'workgroup memory': (perCore * work.workgroupBytes) / (chip.workgroupBytes * clocks),
    memory: dispatch.bytes / (chip.bandwidth * 1000),
    latency: (subgroups / resident) * loads * chip.latency,
    launch: chip.launch,
  };

  function total(): number {
    return multipliesTiles ? dispatch.flops : dispatch.bytes;
  }

  function perRound(): number {
    if (!hot) return Number.POSITIVE_INFINITY;
    if (!multipliesTiles) return hot.globalBytes || Number.POSITIVE_INFINITY;
    return hot.matrixFlops > 0 ? hot.matrixFlops / figures.subgroupSize : 2 * hot.arithmetic;
  }
}

/** Microseconds of a dispatch: the largest of its bounds, behind the launch. */
export function timeOf({ launch, ...others }: Bounds): number {
  return launch + Math.max(...Object.values(others));
}

/** What holds a kernel, from the bounds of all its dispatches. */
export function boundOf(bounds: readonly Bounds[]): Bound {
  const sums = new Map<Bound, number>();
  for (const one of bounds) {
    const [name] = (Object.entries(one) as [Bound, number][]).sort((a, b) => b[1] - a[1])[0];
    sums.set(name, (sums.get(name) ?? 0) + timeOf(one));
  }
  return [...sums].sort((a, b) => b[1] - a[1])[0][0];
}
