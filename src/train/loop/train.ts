import { type Device, SondeError } from '../../index.js';
import { exportWeights, type HeatmapNetwork } from '../../model/index.js';
import { augment } from '../augmentation/index.js';
import { epochOrder, fixedBatches } from '../batches/index.js';
import type { TrainingConfig } from '../config/index.js';
import type { EpochResult } from '../progress/index.js';
import type { RunFolder } from '../run-folder/index.js';
import { EarlyStop } from '../schedule/index.js';
import { buildModel, buildSchedule } from './build.js';
import { toCoordinates } from './coordinates.js';
import type { NetworkFrame } from './frames.js';
import { joinFrames } from './predictor.js';
import { type Checkpoint, checkpointFile } from './trained-run.js';
import { type StepLosses, TrainingStep } from './training-step.js';
import { type Validation, Validator } from './validator.js';

/** Training that cannot go on. */
export class TrainingError extends SondeError {
  override name = 'TrainingError';
}

/** What happens during training, for a progress display. */
export interface TrainingEvents {
  /** Pipelines of the first program, as they are compiled. */
  compiling?(done: number, total: number): void;
  /** Something that a person should know and that does not stop the training. */
  note?(text: string): void;
  beginEpoch?(epoch: number): void;
  step?(step: { images: number; loss: number; excess: number }): void;
  endEpoch?(result: EpochResult): void;
}

export interface TrainingInput {
  readonly device: Device;
  readonly config: TrainingConfig;
  readonly training: readonly NetworkFrame[];
  readonly validation: readonly NetworkFrame[];
  readonly folder: RunFolder;
  readonly events?: TrainingEvents;
  /** Stops training after the step that is under way. The files of the epochs before stay as they are. */
  readonly signal?: AbortSignal;
}

export interface TrainingOutcome {
  readonly epochs: number;
  readonly bestEpoch: number;
  /** Validation APD of the best epoch, px of a 512 frame. */
  readonly bestApd: number;
  readonly stoppedEarly: boolean;
}

/**
 * Trains a network by its configuration. After each epoch `metrics.jsonl` has another line and `last.safetensors`, and where
 * no epoch before was better `best.safetensors`, hold its weights.
 *
 * @throws TrainingError without frames, or where the loss is no longer a finite number; the signal's reason once it aborts
 */
export async function train(input: TrainingInput): Promise<TrainingOutcome> {
  const { device, config, training, validation, events } = input;
  if (training.length === 0 || validation.length === 0) {
    throw new TrainingError(
      `There are ${training.length} training and ${validation.length} validation frames; give at least one of each.`,
    );
  }
  const model = buildModel(device, config);
  const step = new TrainingStep(device, model, config, events);
  const validator = new Validator(device, model, config);
  try {
    return await trainEpochs(input, model, step, validator);
  } finally {
    step.dispose();
    validator.dispose();
    model.dispose();
  }
}

async function trainEpochs(
  input: TrainingInput,
  model: HeatmapNetwork,
  step: TrainingStep,
  validator: Validator,
): Promise<TrainingOutcome> {
  const { config, training, validation, folder, events = {}, signal } = input;
  const { epochs, batchSize, seed, selectBy, earlyStopPatience } = config.training;
  const schedule = buildSchedule(config);
  const stop = new EarlyStop(earlyStopPatience);
  let learningRate = config.optimizer.learningRate;
  let outcome: TrainingOutcome = { epochs: 0, bestEpoch: 0, bestApd: Number.POSITIVE_INFINITY, stoppedEarly: false };

  for (let epoch = 1; epoch <= epochs && !outcome.stoppedEarly; epoch++) {
    events.beginEpoch?.(epoch);
    const started = performance.now();
    const batches = fixedBatches(epochOrder(training.length, seed, epoch), batchSize);
    const losses = await runEpoch(step, batches, input, epoch, learningRate);
    const trainingSeconds = (performance.now() - started) / 1000;
    const checked = await validator.validate(validation, signal);
    checkValidation(checked, epoch);

    const { improved, stop: exhausted } = stop.step(selectBy === 'apd' ? checked.apd : checked.loss);
    if (improved) outcome = { ...outcome, bestEpoch: epoch, bestApd: checked.apd };
    outcome = { ...outcome, epochs: epoch, stoppedEarly: exhausted && epoch < epochs };
    const saved: Checkpoint[] = improved ? ['best', 'last'] : ['last'];
    const weights = await exportWeights(model, { epoch: String(epoch), config: JSON.stringify(config) });
    for (const checkpoint of saved) await folder.write(checkpointFile(checkpoint), weights);
    const line = {
      epoch,
      learningRate,
      trainingLoss: losses.loss,
      trainingExcess: losses.excess,
      validationLoss: checked.loss,
      validationExcess: checked.excess,
      validationApd: checked.apd,
      validationAopMae: checked.aopMae,
      gradientNorm: losses.norm,
      imagesPerSecond: (batches.length * batchSize) / trainingSeconds,
      best: improved,
    };
    await folder.appendMetrics(line);
    events.endEpoch?.({ ...line, apd: checked.apd });
    learningRate = schedule?.step(checked.loss) ?? learningRate;
  }
  return outcome;
}

/** One pass over the batches. @returns means over them */
async function runEpoch(
  step: TrainingStep,
  batches: readonly Uint32Array[],
  { config, training, events = {}, signal }: TrainingInput,
  epoch: number,
  learningRate: number,
): Promise<StepLosses> {
  const sums = { loss: 0, excess: 0, norm: 0 };
  const collect = async (running: Promise<StepLosses>, batch: Uint32Array, index: number) => {
    const result = await running;
    const files = () => Array.from(batch, (i) => training[i].file).join(', ');
    checkStep(result, () => `in epoch ${epoch}, batch ${index + 1} (${files()})`);
    sums.loss += result.loss;
    sums.excess += result.excess;
    sums.norm += result.norm;
    events.step?.({ images: batch.length, loss: result.loss, excess: result.excess });
  };
  // One step runs on the device while the next batch is prepared here.
  let pending: Promise<void> = Promise.resolve();
  for (const [index, batch] of batches.entries()) {
    const { pixels, targets } = prepareBatch(training, batch, config, epoch);
    await pending;
    signal?.throwIfAborted();
    pending = collect(step.run(pixels, targets, learningRate), batch, index);
    pending.catch(() => {});
  }
  await pending;
  return { loss: sums.loss / batches.length, excess: sums.excess / batches.length, norm: sums.norm / batches.length };
}

/** A gradient can overflow where the loss does not. It spoils the weights, and the batch after would be blamed for it. */
function checkStep({ loss, norm }: StepLosses, where: () => string): void {
  for (const [name, value] of Object.entries({ loss, 'gradient norm': norm })) {
    if (Number.isFinite(value)) continue;
    throw new TrainingError(
      `The ${name} became ${value} ${where()}; lower the learning rate, or train with --checked to see which operation ` +
        'produced it.',
    );
  }
}

function checkValidation({ loss }: Validation, epoch: number): void {
  if (Number.isFinite(loss)) return;
  throw new TrainingError(
    `The validation loss became ${loss} after epoch ${epoch}; lower the learning rate, or train with --checked to see which ` +
      'operation produced it.',
  );
}

function prepareBatch(
  frames: readonly NetworkFrame[],
  batch: ArrayLike<number>,
  config: TrainingConfig,
  epoch: number,
): { pixels: Float32Array; targets: number[] } {
  const { seed } = config.training;
  const samples = Array.from(batch, (index) => {
    const frame = frames[index];
    return config.augmentation.enabled ? augment(frame, config.augmentation, [seed, epoch, index]) : frame;
  });
  const { inputSize, grid } = config.model;
  return {
    pixels: joinFrames(samples.map((sample) => sample.pixels)),
    targets: samples.flatMap((sample) => toCoordinates(sample.landmarks, inputSize, grid)),
  };
}
