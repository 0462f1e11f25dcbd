import { exactElement, geometryOf } from '../suites/convolution.js';
import { type ExactSum, exactSum, verify } from '../verification.js';
import {
  type Answer,
  type Contestant,
  type ConvolutionPass,
  type ConvolutionWork,
  type MatmulWork,
  type Operands,
  operandsOf,
  type Prepared,
  type Ready,
  type Request,
  stepInputsOf,
  type Verdict,
} from './contest.js';
import { type Finished, installWebGpu } from './web-gpu.js';

/** Which flags a contestant's process was started with. */
const wait = process.argv[2] === 'paced' ? 'paced' : 'as shipped';

/** Runs an engine on this process's own WebGPU, answering the parent's requests. */
export async function serveWebGpu(open: (finished: Finished) => Promise<Contestant>): Promise<void> {
  const { adapter, finished } = await installWebGpu(wait);
  await serve(await open(finished), adapter);
}

/** Answers the parent's requests one after the other. */
export async function serve(contestant: Contestant, adapter?: string): Promise<void> {
  const { engine, version } = contestant;
  const session = new Session(contestant);
  let last = Promise.resolve();
  process.on('message', (request: Request) => {
    last = last.then(async () => {
      send(await session.answer(request));
    });
  });
  // Engines and drivers would keep the process alive after its parent.
  process.on('disconnect', () => process.exit());
  send({ type: 'ready', engine, version, adapter });
}

function send(message: Ready | Answer): void {
  process.send?.(message);
}

class Session {
  private prepared: Prepared | undefined;

  constructor(private readonly contestant: Contestant) {}

  async answer(request: Request): Promise<Answer> {
    try {
      if (request.type === 'prepare') return await this.prepare(request);
      if (!this.prepared) return { type: 'failed', message: 'nothing is prepared' };
      if (request.type === 'losses') return { type: 'losses', losses: await this.prepared.result() };
      const begin = performance.now();
      await this.prepared.run(request.times);
      return { type: 'sampled', milliseconds: (performance.now() - begin) / request.times };
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      return { type: 'failed', message: message.split('\n')[0].slice(0, 200) };
    }
  }

  private async prepare({ work, weights: given }: Request & { type: 'prepare' }): Promise<Answer> {
    this.prepared?.release();
    this.prepared = undefined;
    if (work.kind !== 'step') {
      const operands = operandsOf(work);
      const prepared = await this.contestant.kernel(work, operands);
      this.prepared = prepared;
      const firstMilliseconds = await once(prepared);
      return { type: 'prepared', firstMilliseconds, check: verifyKernel(work, operands, await prepared.result()) };
    }
    const prepared = await this.contestant.step(work, stepInputsOf(work, given));
    this.prepared = prepared;
    const weights = await prepared.weights?.();
    const firstMilliseconds = await once(prepared);
    const [loss] = await prepared.result();
    const check = { valid: Number.isFinite(loss), statement: `the first loss is ${loss}` };
    return { type: 'prepared', firstMilliseconds, check, weights };
  }
}

async function once(prepared: Prepared): Promise<number> {
  const begin = performance.now();
  await prepared.run(1);
  return performance.now() - begin;
}

const RESULT: Readonly<Record<ConvolutionPass, 'coarse' | 'fine' | 'weight'>> = {
  forward: 'coarse',
  'input gradient': 'fine',
  'weight gradient': 'weight',
};

function verifyKernel(work: MatmulWork | ConvolutionWork, operands: Operands, result: Float32Array): Verdict {
  const { left, right, cotangent } = operands;
  if (work.kind === 'matmul') {
    const { n } = work;
    return verify(result, (position) => {
      const [row, column] = [Math.floor(position / n), position % n];
      return exactSum((add) => {
        for (let k = 0; k < n; k++) add(left.values[row * n + k], right.values[k * n + column]);
      });
    });
  }
  const { channels, size, pass } = work;
  const geometry = geometryOf({ inC: channels, outC: channels, size, kernel: 3 }, 1);
  const values = { fine: left.values, weight: right.values, coarse: cotangent.values };
  return verify(result, (position): ExactSum => exactElement(geometry, values, RESULT[pass], position));
}
