import { compile, type Device, SondeError, type Tensor } from '../../index.js';
import { type DsntDeepUNet, exportWeights, keypointLoss } from '../../model/index.js';
import { augment } from '../augmentation/index.js';
import { epochOrder, fixedBatches } from '../batches/index.js';
import type { TrainingConfig } from '../config/index.js';
import { evaluateLandmarks, scaleTo512 } from '../metrics/index.js';
import type { EpochResult } from '../progress/index.js';
import type { RunFolder } from '../run-folder/index.js';
import { EarlyStop, ReduceOnPlateau } from '../schedule/index.js';
import { buildModel, type Checkpoint, checkpointFile, lossOptions } from './build.js';
import { fromCoordinates, toCoordinates } from './coordinates.js';
import type { NetworkFrame } from './frames.js';
import { joinFrames } from './predictor.js';
import { isTooLarge, type StepLosses, TrainingStep } from './training-step.js';

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
}

export interface TrainingOutcome {
  readonly epochs: number;
  readonly bestEpoch: number;
  /** Validation APD of the best epoch, px of a 512 frame. */
  readonly bestApd: number;
  readonly stoppedEarly: boolean;
}

/** Trains a network by its configuration and leaves checkpoints and metrics in the run's folder. */
export async function train(input: TrainingInput): Promise<TrainingOutcome> {
  const { device, config, training, validation, folder, events = {} } = input;
  if (training.length === 0 || validation.length === 0) {
    throw new TrainingError(
      `There are ${training.length} training and ${validation.length} validation frames; give at least one of each.`,
    );
  }
  const { epochs, seed, selectBy, earlyStopPatience } = config.training;
  const model = buildModel(device, config);
  const step = new TrainingStep(device, model, config, events);
  const validator = new Validator(device, model, config);
  const schedule = scheduleOf(config);
  const stop = new EarlyStop(earlyStopPatience);
  let learningRate = config.optimizer.learningRate;
  let outcome: TrainingOutcome = { epochs: 0, bestEpoch: 0, bestApd: Number.POSITIVE_INFINITY, stoppedEarly: false };

  for (let epoch = 1; epoch <= epochs; epoch++) {
    events.beginEpoch?.(epoch);
    const started = performance.now();
    const batches = fixedBatches(epochOrder(training.length, seed, epoch), config.training.batchSize);
    const losses = await runEpoch(step, training, batches, config, epoch, learningRate, events);
    const trainingSeconds = (performance.now() - started) / 1000;
    const checked = await validator.validate(validation);

    const metric = selectBy === 'apd' ? checked.apd : checked.loss;
    const { improved, stop: exhausted } = stop.step(metric);
    const stoppedEarly = exhausted && epoch < epochs;
    if (improved) outcome = { ...outcome, bestEpoch: epoch, bestApd: checked.apd };
    outcome = { ...outcome, epochs: epoch, stoppedEarly };
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
      imagesPerSecond: (batches.length * config.training.batchSize) / trainingSeconds,
      best: improved,
    };
    await folder.appendMetrics(line);
    events.endEpoch?.({ ...line, apd: checked.apd });
    learningRate = schedule?.step(checked.loss) ?? learningRate;
    if (stoppedEarly) break;
  }
  step.dispose();
  validator.dispose();
  model.dispose();
  return outcome;
}

function scheduleOf({ schedule, optimizer }: TrainingConfig): ReduceOnPlateau | undefined {
  if (schedule.name === 'constant') return undefined;
  return new ReduceOnPlateau({ ...schedule, learningRate: optimizer.learningRate });
}

async function runEpoch(
  step: TrainingStep,
  frames: readonly NetworkFrame[],
  batches: readonly (readonly number[] | Uint32Array)[],
  config: TrainingConfig,
  epoch: number,
  learningRate: number,
  events: TrainingEvents,
): Promise<StepLosses> {
  const sums = { loss: 0, excess: 0, norm: 0 };
  const collect = async (running: Promise<StepLosses>, batch: ArrayLike<number>, index: number) => {
    const losses = await running;
    if (!Number.isFinite(losses.loss)) {
      const files = Array.from(batch, (i) => frames[i].file).join(', ');
      throw new TrainingError(
        `The loss became ${losses.loss} in epoch ${epoch}, batch ${index + 1} (${files}); lower the learning rate, or run ` +
          'with checked mode to see which operation produced it.',
      );
    }
    sums.loss += losses.loss;
    sums.excess += losses.excess;
    sums.norm += losses.norm;
    events.step?.({ images: batch.length, loss: losses.loss, excess: losses.excess });
  };
  // One step runs on the device while the next batch is prepared here.
  let pending: Promise<void> = Promise.resolve();
  for (const [index, batch] of batches.entries()) {
    const { pixels, targets } = prepareBatch(frames, batch, config, epoch);
    await pending;
    pending = collect(step.run(pixels, targets, learningRate), batch, index);
    pending.catch(() => {});
  }
  await pending;
  return { loss: sums.loss / batches.length, excess: sums.excess / batches.length, norm: sums.norm / batches.length };
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

interface Validation {
  /** Mean over frames. */
  readonly loss: number;
  readonly excess: number;
  /** Pixels of a 512 frame. */
  readonly apd: number;
  /** Degrees. */
  readonly aopMae: number | undefined;
}

/** Loss and landmark errors of frames that are not trained on, in evaluation mode. */
class Validator {
  private readonly forward;
  /** Frames per execution: halved until they fit the adapter, which changes no result. */
  private batchSize: number;

  constructor(
    private readonly device: Device,
    model: DsntDeepUNet,
    private readonly config: TrainingConfig,
  ) {
    this.batchSize = config.training.batchSize;
    this.forward = compile((images: Tensor, targets: Tensor) => {
      const logits = model.logits(images, { training: false });
      const { total, excess, coordinates } = keypointLoss(logits, targets, lossOptions(config));
      return { total, excess, coordinates };
    });
  }

  async validate(frames: readonly NetworkFrame[]): Promise<Validation> {
    const { inputSize: size, grid } = this.config.model;
    const sums = { loss: 0, excess: 0 };
    const cases = [];
    for (let start = 0; start < frames.length; ) {
      const batch = frames.slice(start, start + this.batchSize);
      const images = this.device.tensor(joinFrames(batch.map((frame) => frame.pixels)), [batch.length, size, size, 1]);
      const truths = batch.flatMap((frame) => toCoordinates(frame.landmarks, size, grid));
      const targets = this.device.tensor(truths, [batch.length, 3, 2]);
      let result: Awaited<ReturnType<typeof this.forward>>;
      try {
        result = await this.forward(images, targets);
      } catch (error) {
        images.dispose();
        targets.dispose();
        if (!isTooLarge(error) || batch.length === 1) throw error;
        this.batchSize = Math.ceil(batch.length / 2);
        continue;
      }
      start += batch.length;
      sums.loss += (await result.total.item()) * batch.length;
      sums.excess += (await result.excess.item()) * batch.length;
      const coordinates = await result.coordinates.data();
      for (const [i, frame] of batch.entries()) {
        const predicted = fromCoordinates(coordinates, 6 * i, size, grid);
        cases.push({ predicted: scaleTo512(predicted, size), truth: scaleTo512(frame.landmarks, size) });
      }
      for (const tensor of [images, targets, ...Object.values(result)]) tensor.dispose();
    }
    const { apd, aopMae } = evaluateLandmarks(cases);
    return { loss: sums.loss / frames.length, excess: sums.excess / frames.length, apd, aopMae };
  }

  dispose(): void {
    this.forward.dispose();
  }
}
