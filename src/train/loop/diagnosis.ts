import { type Device, NumericError, openDevice } from '../../index.js';
import type { SafetensorsTensor, SafetensorsTensors } from '../../model/index.js';
import type { TrainingConfig } from '../config/index.js';
import { Learner } from './learner.js';

/**
 * Finds out what gave NaN or Inf: looks at the weights, and where these are whole repeats the work on a second device in
 * checked mode, which names the first operation whose result is not finite.
 *
 * @param learner As it was before: a step that gives NaN or Inf leaves weights and optimiser alone.
 * @param repeat Does the work again, by a learner in the same state.
 * @returns As in "conv2d (in enc1.conv1) produced NaN or Inf, from inputs 8×128×128×1, …"; undefined where it did not happen
 *   again, or where there is no room for a second device
 */
export async function findCause(
  config: TrainingConfig,
  learner: Learner,
  repeat: (learner: Learner, device: Device) => Promise<unknown>,
): Promise<string | undefined> {
  const tensors = await learner.tensors();
  const spoilt = Object.keys(tensors).find((name) => !isStatistic(name) && !holdsNumbers(tensors[name]));
  if (spoilt) return `optimizer.step had left NaN or Inf in ${spoilt} the step before`;
  const tooLarge = config.training.precision === 'mixed' && weightBeyondHalf(tensors);
  if (tooLarge) return tooLarge;
  try {
    const device = await openDevice({ checked: true, experimental: true });
    try {
      const again = new Learner(device, config, { parts: learner.parts, validationBatch: learner.validator.batchSize });
      again.restore(withFiniteStatistics(tensors), learner.stepsTaken);
      await repeat(again, device);
    } finally {
      device.close();
    }
  } catch (error) {
    // Whatever else goes wrong here must not hide what went wrong there.
    if (error instanceof NumericError) return describeOperation(error);
  }
  return undefined;
}

export function describeOperation({ finding, inputs }: NumericError): string {
  return `${finding}, from inputs ${inputs}`;
}

const LARGEST_HALF = 65504;

/** Statistics of batch norm are moved in the forward pass, before a step can know that it will be left out. */
function withFiniteStatistics(tensors: SafetensorsTensors): SafetensorsTensors {
  return Object.fromEntries(
    Object.entries(tensors).map(([name, tensor]) => {
      if (tensor.dtype !== 'F32' || !isStatistic(name)) return [name, tensor];
      return [name, { ...tensor, data: tensor.data.map((value) => (Number.isFinite(value) ? value : 1)) }];
    }),
  );
}

/** Kernels for matrix units round weights to f16, which makes these infinite; on vectors what they produce soon is. */
function weightBeyondHalf(tensors: SafetensorsTensors): string | undefined {
  for (const [name, { dtype, data }] of Object.entries(tensors)) {
    if (dtype !== 'F32' || !/^model\..*\.weight$/.test(name)) continue;
    const value = data.find((one) => Math.abs(one) > LARGEST_HALF);
    if (value !== undefined) return `${name} holds ${value}, and f16 ends at ${LARGEST_HALF}`;
  }
  return undefined;
}

function isStatistic(name: string): boolean {
  return /\.running_(mean|var)$/.test(name);
}

function holdsNumbers(tensor: SafetensorsTensor): boolean {
  return tensor.dtype !== 'F32' || tensor.data.every(Number.isFinite);
}
