import type { Argument, Compiled, Device, DispatchTime } from '../../src/index.js';
import { type Budget, repeat } from '../clock.js';
import type { OperationTime, Row } from '../report.js';
import { quartiles } from '../statistics.js';

/** A compiled function of a model, and how its caller waits for it. */
export interface ProgramCase<A extends readonly Argument[], R>
  extends Pick<Row, 'suite' | 'name' | 'pass' | 'batch' | 'flops'> {
  readonly device: Device;
  readonly budget: Budget;
  readonly program: Compiled<A, R>;
  readonly args: A;
  /** Reads what a caller would and releases the results; the clock stops when it is done. */
  readonly read: (result: R) => Promise<void>;
  readonly note: string;
  readonly parameters: number;
}

/** Times a model's program as its caller sees it, from the first call on, and looks into it. */
export async function measureProgram<A extends readonly Argument[], R>(
  measurement: ProgramCase<A, R>,
): Promise<Omit<Row, 'check'>> {
  const { device, budget, program, args, read, note, parameters, ...workload } = measurement;
  const run = async () => {
    const begin = performance.now();
    await read(await program(...args));
    return performance.now() - begin;
  };
  const known = device.memory().pipelines;
  const firstCallMilliseconds = await run();
  const newPipelines = device.memory().pipelines - known;
  await run();
  const milliseconds = quartiles(await repeat(budget, run));
  const operations = await profileOperations(program, args);
  const [{ dispatches, pipelines }] = program.statistics();
  const { planned: plannedBytes, lowerBound: lowerBoundBytes } = program.memory();
  return {
    ...workload,
    time: { clock: 'wall clock', note, milliseconds },
    program: {
      ...{ firstCallMilliseconds, newPipelines, pipelines, dispatches },
      ...{ plannedBytes, lowerBoundBytes, parameters, operations },
    },
  };
}

const PROFILES: Budget = { milliseconds: 0, leastSamples: 3, mostSamples: 3 };

/**
 * Where a program's time goes on the device, by operation, the most expensive first: of three executions the one in the
 * middle. Undefined without timestamps.
 */
async function profileOperations<A extends readonly Argument[], R>(
  program: Compiled<A, R>,
  args: A,
): Promise<OperationTime[] | undefined> {
  const profiles = await repeat(PROFILES, async () => (await program.profile(...args)).dispatches);
  const executions = profiles.flatMap((dispatches) => {
    if (!dispatches) return [];
    return [{ dispatches, total: dispatches.reduce((sum, { milliseconds }) => sum + milliseconds, 0) }];
  });
  const middle = executions.sort((a, b) => a.total - b.total).at(Math.floor(executions.length / 2));
  return middle && groupByOperation(middle.dispatches);
}

/** Sums over dispatches whose labels end alike: what stands before is the scope, as in "enc1.conv1 conv2d". */
export function groupByOperation(dispatches: readonly DispatchTime[]): OperationTime[] {
  const groups = new Map<string, { dispatches: number; milliseconds: number; flops: number }>();
  for (const { label, milliseconds, flops } of dispatches) {
    const operation = label.slice(label.lastIndexOf(' ') + 1);
    const group = groups.get(operation) ?? { dispatches: 0, milliseconds: 0, flops: 0 };
    group.dispatches += 1;
    group.milliseconds += milliseconds;
    group.flops += flops;
    groups.set(operation, group);
  }
  return [...groups]
    .map(([operation, group]) => ({ operation, ...group }))
    .sort((a, b) => b.milliseconds - a.milliseconds);
}
