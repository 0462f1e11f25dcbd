import { compile, type Tensor } from '../src/index.js';
import { type Budget, type Target, timeKernel } from './clock.js';
import type { Row } from './report.js';
import { type Check, type ExactSum, verify } from './verification.js';

/** How much a run measures: a smoke test, what a software driver can do in minutes, or what a GPU deserves. */
export type Scale = 'quick' | 'software' | 'gpu';

export interface SuiteContext extends Target {
  readonly scale: Scale;
  /** Images in a batch, instead of each workload's own. */
  readonly batch: number | undefined;
  readonly budget: Budget;
  /** `mixed`: images of f16, on matrix units where the adapter has them. */
  readonly precision: 'f32' | 'mixed';
}

/** A family of measurements. Rows are handed over as they are made. */
export interface Suite {
  readonly name: string;
  readonly title: string;
  run(context: SuiteContext): AsyncGenerator<Row>;
}

/** One kernel's work. */
export interface KernelCase extends Pick<Row, 'suite' | 'name' | 'pass' | 'batch' | 'flops' | 'bytes'> {
  /** Records the operation, the part to be timed within `measured`. */
  readonly body: () => Tensor;
  /** An element of the result in double precision. */
  readonly exact: (position: number) => ExactSum;
}

/** Checks a kernel's result, which also compiles it, then times it. */
export async function measureKernel({ device, matrixUnits, budget }: SuiteContext, kernel: KernelCase): Promise<Row> {
  const { body, exact, ...workload } = kernel;
  const target = { device, matrixUnits };
  const check = await checkKernel(target, body, exact);
  return { ...workload, check, time: await timeKernel(target, body, budget) };
}

async function checkKernel(target: Target, body: () => Tensor, exact: (position: number) => ExactSum): Promise<Check> {
  const program = compile(body, target);
  try {
    using result = await program();
    return verify(await result.data(), exact, { dtype: result.dtype });
  } finally {
    program.dispose();
  }
}
