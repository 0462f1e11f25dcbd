import { type Chip, chipsNamed, compilerOf } from './chips.js';
import { collectKernels, inspectKernels, type Progress, type StepPlan } from './inspect.js';
import { InspectError } from './inspect-error.js';
import { type Bound, type Bounds, boundOf, boundsOf, timeOf } from './model-of-time.js';
import { onEach } from './on-each.js';
import { align } from './table.js';
import type { Workload } from './workload.js';

/** What the model says of a training step on a chip. */
export interface Prediction {
  readonly chip: string;
  /** As in `mixed step`. */
  readonly step: string;
  readonly milliseconds: number;
  /** Of the operations, 2 per multiply-add. */
  readonly teraflops: number;
  /** The slowest first. */
  readonly kernels: readonly KernelTime[];
}

interface KernelTime {
  readonly name: string;
  readonly dispatches: number;
  readonly milliseconds: number;
  readonly bound: Bound;
}

export const CAUTION =
  'A prediction whose error is unknown: no chip has been timed. It takes machine code of Mesa’s compilers and a data sheet, lets each ' +
  'dispatch last as long as the slowest of its bounds, counts half of what a branch may skip and every byte as moved once, and knows no caches.';

/** Predicts a training step of a configuration in each precision. */
export async function predictSteps(
  names: string,
  workloads: readonly Workload[],
  note: Progress,
): Promise<Prediction[]> {
  const chips = chipsNamed(names);
  if (!workloads.some(({ kind }) => kind === 'config')) {
    throw new InspectError('What is predicted is a training step of a configuration; leave out --op and --wgsl.');
  }
  const gpus = [...new Set(chips.map(compilerOf))];
  const compiled = await onEach(gpus, async (gpu) => {
    const { kernels, steps } = await collectKernels(gpu, workloads, { note });
    return { steps, inspection: await inspectKernels(gpu, kernels, note) };
  });
  return chips.flatMap((chip) => {
    const { steps, inspection } = compiled[gpus.indexOf(compilerOf(chip))];
    return Object.entries(steps).map(([step, plan]) => {
      const failed = plan.dispatches.find(({ kernel }) => !('figures' in inspection.kernels[kernel]));
      if (failed)
        throw new InspectError(`${failed.kernel} does not compile on ${inspection.gpu}, so nothing is predicted.`);
      return predict(chip, step, plan, (kernel) => {
        const outcome = inspection.kernels[kernel];
        if ('error' in outcome) throw new InspectError(`${kernel}: ${outcome.error}`);
        return outcome.figures;
      });
    });
  });
}

type FiguresOf = (kernel: string) => Parameters<typeof boundsOf>[1];

export function predict(chip: Chip, step: string, { dispatches, copies }: StepPlan, figuresOf: FiguresOf): Prediction {
  const found = new Map<string, Bounds[]>();
  const add = (name: string, bounds: Bounds) => found.set(name, [...(found.get(name) ?? []), bounds]);
  for (const dispatch of dispatches) add(dispatch.kernel, boundsOf(dispatch, figuresOf(dispatch.kernel), chip));
  for (const bytes of copies) add('copies', boundsOfCopy(bytes, chip));
  const kernels = [...found].map(([name, all]) => ({
    name,
    dispatches: all.length,
    milliseconds: all.reduce((sum, one) => sum + timeOf(one), 0) / 1000,
    bound: boundOf(all),
  }));
  const milliseconds = kernels.reduce((sum, one) => sum + one.milliseconds, 0);
  const flops = dispatches.reduce((sum, one) => sum + one.flops, 0);
  return {
    ...{ chip: chip.name, step, milliseconds, teraflops: flops / milliseconds / 1e9 },
    kernels: kernels.sort((a, b) => b.milliseconds - a.milliseconds),
  };
}

function boundsOfCopy(bytes: number, { bandwidth, launch }: Chip): Bounds {
  const none = { instructions: 0, 'matrix units': 0, 'workgroup memory': 0, latency: 0 };
  return { ...none, memory: (2 * bytes) / (bandwidth * 1000), launch };
}

/** Kernels whose share rounds to nothing are summed up. */
const LEAST_SHARE = 0.005;

export function printPrediction({ chip, step, milliseconds, teraflops, kernels }: Prediction): string {
  const share = (time: number) => `${((100 * time) / milliseconds).toFixed(1)} %`;
  const shown = kernels.filter((kernel) => kernel.milliseconds >= LEAST_SHARE * milliseconds);
  const rest = kernels.slice(shown.length);
  const sum = (key: 'dispatches' | 'milliseconds') => rest.reduce((total, kernel) => total + kernel[key], 0);
  const rows = shown.map((kernel) => [
    ...[kernel.name, kernel.bound, String(kernel.dispatches), kernel.milliseconds.toFixed(2)],
    share(kernel.milliseconds),
  ]);
  const others = [`${rest.length} others`, '', String(sum('dispatches')), sum('milliseconds').toFixed(2)];
  return [
    `${chip}, ${step}: ${milliseconds.toFixed(1)} ms, ${teraflops.toFixed(1)} TFLOP/s`,
    align([
      ['kernel', 'bound by', 'dispatches', 'ms', 'share'],
      ...rows,
      ...(rest.length > 0 ? [[...others, share(sum('milliseconds'))]] : []),
    ]),
  ].join('\n');
}
