import type { Wait, Weights, Work } from '../peers/contest.js';
import { BenchError, type Quartiles, quartiles } from '../statistics.js';
import { ContestantProcess } from './contestant-process.js';
import { checkLosses } from './losses.js';
import { comparedWorks, flopsOf } from './works.js';

/** How a peer's process waits; engines on the CPU do not wait for a device. */
export type PeerWait = Wait | 'cpu';

/** sonde and a peer, each run in turn. Milliseconds. */
export interface Pairing {
  readonly work: string;
  readonly pass: string;
  readonly flops: number;
  readonly peer: string;
  readonly version: string;
  readonly wait: PeerWait;
  readonly ours: Quartiles;
  readonly theirs: Quartiles;
  /** Their time over ours, of each pair. */
  readonly ratio: Quartiles;
  /** From the call to the first result, with nothing compiled before in the process or on disk; null where not so. */
  readonly coldFirst: { readonly ours: number; readonly theirs: number } | null;
  /** What was compared, and how it came out. */
  readonly check: string;
}

/** What a peer could not do. */
export interface Refusal {
  readonly peer: string;
  readonly wait: PeerWait;
  /** Undefined for all of them. */
  readonly work?: string;
  readonly pass?: string;
  readonly message: string;
}

export interface Comparison {
  readonly pairings: readonly Pairing[];
  readonly refusals: readonly Refusal[];
}

interface Peer {
  readonly name: string;
  readonly program: string;
  readonly waits: readonly PeerWait[];
}

export const PEERS: readonly Peer[] = [
  { name: 'TensorFlow.js WebGPU', program: 'tensorflow-webgpu', waits: ['paced', 'as shipped'] },
  { name: 'jax-js WebGPU', program: 'jax', waits: ['paced', 'as shipped'] },
  { name: 'onnxruntime-web WebGPU', program: 'onnxruntime-web', waits: ['paced', 'as shipped'] },
  { name: 'onnxruntime-node', program: 'onnxruntime-node', waits: ['cpu'] },
  { name: 'TensorFlow.js wasm', program: 'tensorflow-wasm', waits: ['cpu'] },
];

export interface CompareOptions {
  /** Programs of the peers to compare with; all by default. */
  readonly only?: readonly string[];
  readonly quick: boolean;
  readonly status: (text: string) => void;
}

/** Sets sonde against every peer and way of waiting, one peer's process at a time beside ours. */
export async function compareWithPeers({ only, quick, status }: CompareOptions): Promise<Comparison> {
  const pairings: Pairing[] = [];
  const refusals: Refusal[] = [];
  for (const { name, program, waits } of PEERS) {
    if (only && !only.includes(program)) continue;
    for (const wait of waits) {
      status(`${name}, ${wait} …`);
      const processes: ContestantProcess[] = [];
      try {
        // Compilation takes minutes with some peers, and equally long however a process waits: once is enough.
        const cold = wait === 'paced';
        const theirs = await ContestantProcess.start(program, wait === 'cpu' ? 'as shipped' : wait, cold);
        processes.push(theirs);
        const ours = await ContestantProcess.start('sonde', 'as shipped', cold);
        processes.push(ours);
        assertSameAdapter(ours, theirs);
        for (const work of comparedWorks(quick)) {
          status(`${name}, ${wait}: ${work.name}, ${work.pass}`);
          try {
            const { first, ...pairing } = await pair(ours, theirs, work, quick);
            pairings.push({
              ...pairing,
              wait,
              // Only the step runs first: later works find kernels that it compiled.
              coldFirst: cold && work.kind === 'step' ? first : null,
            });
          } catch (error) {
            if (!(error instanceof BenchError)) throw error;
            refusals.push({ peer: name, wait, work: work.name, pass: work.pass, message: error.message });
          }
        }
      } catch (error) {
        if (!(error instanceof BenchError)) throw error;
        refusals.push({ peer: name, wait, message: error.message });
      } finally {
        await Promise.all(processes.map((process) => process.stop()));
      }
    }
  }
  status('');
  return { pairings, refusals };
}

function assertSameAdapter(ours: ContestantProcess, theirs: ContestantProcess): void {
  const { adapter } = theirs.ready;
  if (adapter === undefined || adapter === ours.ready.adapter) return;
  throw new BenchError(`it runs on ${adapter}, sonde on ${ours.ready.adapter}`);
}

/** A sample lasts at least so long; a kernel that is shorter is repeated within it. */
const SAMPLE_MS = 50;
const MOST_REPETITIONS = 64;
/** So many pairs are enough, and when time is up these are. */
const MOST_PAIRS = 7;
const LEAST_PAIRS = 3;
const BUDGET_MS = 8000;

async function pair(
  ours: ContestantProcess,
  theirs: ContestantProcess,
  work: Work,
  quick: boolean,
): Promise<Omit<Pairing, 'wait' | 'coldFirst'> & { first: NonNullable<Pairing['coldFirst']> }> {
  const own = await prepare(ours, work);
  const other = await prepare(theirs, work, own.weights);
  const samples = [await sampler(ours, work), await sampler(theirs, work)];
  const times: [ours: number, theirs: number][] = [];
  const begin = performance.now();
  const budget = quick ? 0 : BUDGET_MS;
  while (times.length < LEAST_PAIRS || (times.length < MOST_PAIRS && performance.now() - begin < budget)) {
    times.push([await samples[0](), await samples[1]()]);
  }
  const check = work.kind === 'step' ? await compareLosses(ours, theirs) : other.statement;
  return {
    ...{ work: work.name, pass: work.pass, flops: flopsOf(work) },
    ...{ peer: theirs.ready.engine, version: theirs.ready.version },
    ours: quartiles(times.map(([mine]) => mine)),
    theirs: quartiles(times.map(([, yours]) => yours)),
    ratio: ratiosOf(times),
    first: { ours: own.firstMilliseconds, theirs: other.firstMilliseconds },
    check,
  };
}

/** Their time over ours, pair by pair: what disturbs the machine disturbs both of a pair. */
export function ratiosOf(times: readonly (readonly [ours: number, theirs: number])[]): Quartiles {
  return quartiles(times.map(([ours, theirs]) => theirs / ours));
}

/** @throws BenchError for a result that does not agree with float64 */
async function prepare(contestant: ContestantProcess, work: Work, weights?: Weights) {
  const answer = await contestant.ask({ type: 'prepare', work, weights }, 'prepared');
  if (!answer.check.valid) {
    throw new BenchError(
      `${contestant.ready.engine} is not right, so its time does not count: ${answer.check.statement}`,
    );
  }
  return { ...answer, statement: answer.check.statement };
}

/** Warms up, and finds how many repetitions make a sample. */
async function sampler(contestant: ContestantProcess, work: Work): Promise<() => Promise<number>> {
  const sample = async (times: number) => (await contestant.ask({ type: 'sample', times }, 'sampled')).milliseconds;
  const single = await sample(1);
  // A step reads its loss; repetitions would count the wait for it once each anyway.
  const times = work.kind === 'step' ? 1 : Math.min(MOST_REPETITIONS, Math.ceil(SAMPLE_MS / single));
  return () => sample(times);
}

async function compareLosses(ours: ContestantProcess, theirs: ContestantProcess): Promise<string> {
  const [own, other] = [await ours.ask({ type: 'losses' }, 'losses'), await theirs.ask({ type: 'losses' }, 'losses')];
  const check = checkLosses(own.losses, other.losses);
  if (!check.valid) throw new BenchError(`its training is not ours, so its time does not count: ${check.statement}`);
  return check.statement;
}
