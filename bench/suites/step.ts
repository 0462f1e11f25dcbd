import { Adam, clipWithNorm, compile, gradients, LossScaler, type Tensor } from '../../src/index.js';
import { fullDsntDeepUNet, smallDsntDeepUNet, smallUNet, type Workload } from '../models/workloads.js';
import type { Row } from '../report.js';
import type { Scale, Suite, SuiteContext } from '../suite.js';
import type { Check } from '../verification.js';
import { measureProgram } from './program.js';

export const WORKLOADS: Readonly<Record<Scale, readonly Workload[]>> = {
  quick: [{ ...smallUNet, batch: 1 }],
  software: [smallUNet, smallDsntDeepUNet],
  gpu: [smallUNet, smallDsntDeepUNet, fullDsntDeepUNet],
};

const LEARNING_RATE = 1e-3;

/** No gradient reaches this norm in float32. */
const NO_CLIPPING = 3e38;

/** Whole training steps: forward pass, loss, gradients, clipping, Adam, and the loss read back. */
export const stepSuite: Suite = {
  name: 'step',
  title: 'training step, until its loss is read',

  async *run(context) {
    for (const workload of WORKLOADS[context.scale]) yield await measureStep(context, workload);
  },
};

export async function measureStep(
  { device, batch: asked, budget, precision, matrixUnits }: SuiteContext,
  workload: Workload,
): Promise<Row> {
  const { name, size, batch: customary, clipNorm } = workload;
  const batch = asked ?? customary;
  const network = workload.build(device, precision);
  const scaler = precision === 'mixed' ? new LossScaler(device, { initial: 1024 }) : undefined;
  const { parameters, parameterCount } = network.module;
  using images = device.uniform([batch, size, size, 1], 1, 0, 1);
  using targets = device.uniform([batch, 3, 2], 2, -0.8, 0.8);
  const optimizer = new Adam();
  const step = compile(
    (x: Tensor, y: Tensor, rate: Tensor) => {
      const loss = network.loss(x, y);
      const found = gradients(scaler ? scaler.scale(loss) : loss, parameters);
      if (!scaler && clipNorm === undefined) {
        optimizer.update(parameters, found, rate);
        return loss;
      }
      const clipped = clipWithNorm(found, clipNorm ?? NO_CLIPPING, { scale: scaler?.current() });
      optimizer.update(parameters, clipped.gradients, rate, scaler && { onlyIfFinite: clipped.norm });
      scaler?.update(clipped.norm);
      return loss;
    },
    { device, matrixUnits },
  );
  const losses: number[] = [];
  try {
    const row = await measureProgram({
      ...{ suite: 'step', name, pass: 'training step', batch, flops: batch * workload.flops.step },
      ...{ device, budget, program: step, parameters: parameterCount },
      args: [images, targets, LEARNING_RATE] as [Tensor, Tensor, number],
      note: 'from the call until the loss is read',
      read: async (loss) => {
        losses.push(await loss.item());
        loss.dispose();
      },
    });
    return { ...row, check: checkDescent(losses) };
  } finally {
    step.dispose();
    optimizer.dispose();
    scaler?.dispose();
    network.module.dispose();
  }
}

/** Steps on one batch must lower its loss: wrong gradients do not. */
export function checkDescent(losses: readonly number[]): Check {
  const [first, last] = [losses[0], losses[losses.length - 1]];
  const odd = losses.findIndex((loss) => !Number.isFinite(loss));
  if (odd >= 0) return { valid: false, statement: `the loss of step ${odd + 1} is ${losses[odd]}` };
  const [from, to] = [first, last].map((loss) => loss.toPrecision(5));
  const steps = losses.length - 1;
  if (last >= first) return { valid: false, statement: `the loss did not fall in ${steps} steps: ${from}, then ${to}` };
  return { valid: true, statement: `the loss fell from ${from} to ${to} in ${steps} steps` };
}
