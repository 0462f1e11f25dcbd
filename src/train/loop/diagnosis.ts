import { type Device, NumericError, openDevice } from '../../index.js';
import { precisionOn, type SafetensorsTensor, type SafetensorsTensors } from '../../model/index.js';
import type { TrainingConfig } from '../config/index.js';
import { type Batch, type BatchLoader, disposeBatch, type LoadedBatch } from './batch-loader.js';
import { Learner } from './learner.js';
import { TrainingError, type TrainingInput } from './training-input.js';
import type { StepLosses } from './training-step.js';
import type { Validation } from './validator.js';

/**
 * Stops a run whose loss or gradient becomes NaN or infinite, with an error that names the frames and the operation.
 */
export class Diagnosis {
  constructor(
    private readonly input: TrainingInput,
    private readonly learner: Learner,
    private readonly batches: { readonly loader: BatchLoader },
  ) {}

  /**
   * The losses of a step, if they are finite.
   *
   * @param where The step, for messages, as in "in epoch 2, batch 3 (…)".
   * @throws TrainingError naming batch and operation where the loss or the gradient is NaN or infinite
   */
  async checkStep(
    running: Promise<StepLosses>,
    batch: Batch,
    learningRate: number,
    where: string,
  ): Promise<StepLosses> {
    const losses = await running.catch((error) => {
      throw error instanceof NumericError ? this.stopped(`Training stopped ${where}`, describeOperation(error)) : error;
    });
    // A gradient can overflow where the loss does not.
    if (this.isOverflow(losses)) return losses;
    const [name, value] = Number.isFinite(losses.loss) ? ['gradient norm', losses.norm] : ['loss', losses.loss];
    if (Number.isFinite(value)) return losses;
    const repeat = async (learner: Learner, device: Device) =>
      learner.train(await this.copyOf(batch, device), learningRate);
    throw this.stopped(`The ${name} became ${value} ${where}`, await this.findCause(repeat));
  }

  /** Validates the network. @throws TrainingError naming frames and operation where the loss is NaN or infinite */
  async validate(epoch: number): Promise<Validation> {
    const { validation, signal } = this.input;
    const where = `after epoch ${epoch}`;
    const checked = await this.learner.validator.validate(validation, signal).catch((error) => {
      throw error instanceof NumericError
        ? this.stopped(`Validation stopped ${where}`, describeOperation(error))
        : error;
    });
    if (Number.isFinite(checked.loss)) return checked;
    const { spoilt = validation } = checked;
    const files = spoilt.map(({ file }) => file).join(', ');
    const cause = await this.findCause((learner) => learner.validator.validate(spoilt));
    throw this.stopped(`The validation loss became ${checked.loss} ${where} (${files})`, cause);
  }

  private stopped(what: string, cause: string | undefined): TrainingError {
    const remedies = ['lower the learning rate', 'look at these frames'];
    // What overflows f16, whatever the loss scale, may have room in f32.
    if (precisionOn(this.input.device, this.input.config) === 'mixed') remedies.push('set training.precision to "f32"');
    const last = remedies.pop();
    const because = cause === undefined ? '' : `: ${cause}`;
    return new TrainingError(`${what}${because}; ${remedies.join(', ')}, or ${last}.`);
  }

  /** Whether gradients were too large for f16 at their loss scale, which is then halved: no reason to stop. */
  private isOverflow({ loss, norm, scale }: StepLosses): boolean {
    if (Number.isFinite(norm) || !Number.isFinite(loss) || scale <= this.learner.leastScale) return false;
    this.input.events?.note?.(
      `gradients overflowed f16 at a loss scale of ${scale}: the step was left out, the scale halved`,
    );
    return true;
  }

  private async findCause(repeat: Parameters<typeof findCause>[2]): Promise<string | undefined> {
    const { config, events, diagnose = true } = this.input;
    if (!diagnose) return undefined;
    events?.note?.('a value became NaN or Inf; repeating that batch in checked mode to find the operation');
    return findCause(config, this.learner, repeat);
  }

  /** A batch's tensors on another device, to the bit. */
  private async copyOf(batch: Batch, device: Device): Promise<LoadedBatch> {
    const loaded = await this.batches.loader.load(batch);
    try {
      const { images, targets } = loaded;
      return {
        images: device.tensor(await images.data(), images.shape),
        targets: device.tensor(await targets.data(), targets.shape),
      };
    } finally {
      disposeBatch(loaded);
    }
  }
}

/**
 * Finds out what gave NaN or Inf: looks at the weights, and where these are whole repeats the work on a second device
 * in checked mode, which names the first operation whose result is not finite.
 *
 * @param learner As it was before: a step that gives NaN or Inf leaves weights and optimizer alone.
 * @param repeat Does the work again, by a learner in the same state.
 * @returns As in "conv2d (in enc1.conv1) produced NaN or Inf, from inputs 8×128×128×1, …"; undefined where it did not
 *   happen again, or where there is no room for a second device
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

function describeOperation({ finding, inputs }: NumericError): string {
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
