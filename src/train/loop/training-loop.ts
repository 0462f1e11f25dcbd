import { type Device, SondeError } from '../../index.js';
import type { Checkpoints, TrainingPosition } from '../checkpoint/index.js';
import type { TrainingConfig } from '../config/index.js';
import type { RunFolder } from '../run-folder/index.js';
import { EarlyStop, ReduceOnPlateau, StepDecay } from '../schedule/index.js';
import { type Batch, type BatchPreparation, disposeBatch, type PreparedBatch } from './batch-preparation.js';
import type { BatchSource } from './batch-source.js';
import { buildSchedule } from './build.js';
import type { NetworkFrame } from './frames.js';
import type { Learner } from './learner.js';
import { PreparationShare } from './preparation-share.js';
import type { StepLosses } from './training-step.js';
import type { Validation } from './validator.js';

/** Training that cannot go on. */
export class TrainingError extends SondeError {
  override name = 'TrainingError';
}

/** What an epoch came to: its line in `metrics.jsonl`. */
export interface EpochMetrics {
  /** From 1. */
  readonly epoch: number;
  readonly learningRate: number;
  readonly trainingLoss: number;
  /** The part of a loss above the least value that it can take for its targets: what is left to learn. */
  readonly trainingExcess: number;
  readonly validationLoss: number;
  readonly validationExcess: number;
  /** Mean Euclidean distance on the validation set, px of a 512 px frame. */
  readonly validationApd: number;
  /** Degrees; null where no frame has an angle. */
  readonly validationAopMae: number | null;
  /** Mean norm of all gradients, before clipping. */
  readonly gradientNorm: number;
  readonly imagesPerSecond: number;
  /** Whether no epoch before was better. */
  readonly best: boolean;
  /** When the epoch ended, ISO 8601. */
  readonly time: string;
}

/** What happens during training, for a progress display. */
export interface TrainingEvents {
  /** Pipelines of the first program, as they are compiled. */
  compiling?(done: number, total: number): void;
  /** Something that a person should know and that does not stop the training. */
  note?(text: string): void;
  /** @param steps Of this epoch: how many an earlier process has done, and how many there are. */
  beginEpoch?(epoch: number, steps: { readonly done: number; readonly total: number }): void;
  step?(step: { images: number; loss: number; excess: number }): void;
  endEpoch?(metrics: EpochMetrics): void;
}

export interface TrainingInput {
  readonly device: Device;
  readonly config: TrainingConfig;
  readonly training: readonly NetworkFrame[];
  readonly validation: readonly NetworkFrame[];
  /** Where the run is kept. Without one nothing is written. A folder that holds a run's state goes on from there. */
  readonly folder?: RunFolder;
  /** Passes over the training frames that make an epoch; 1 unless there are very few. */
  readonly passes?: number;
  readonly events?: TrainingEvents;
  /** Asked after each epoch, once its files are written: true ends the run there, as a search does that prunes. */
  readonly stopAfter?: (metrics: EpochMetrics) => boolean | Promise<boolean>;
  /** Stops training after the step that is under way. The state then is kept in the folder. */
  readonly signal?: AbortSignal;
}

export interface TrainingOutcome {
  readonly epochs: number;
  readonly bestEpoch: number;
  /** Validation APD of the best epoch, px of a 512 frame. */
  readonly bestApd: number;
  /** Whether epochs were left when none had been better for as long as is borne. */
  readonly stoppedEarly: boolean;
}

const NO_SUMS = { loss: 0, excess: 0, norm: 0 };

/** The epochs of a run, from wherever it stands to its end. */
export class TrainingLoop {
  private readonly schedule: ReturnType<typeof buildSchedule>;
  private readonly earlyStop: EarlyStop;
  /** Epochs that are done. */
  private epoch = 0;
  /** Of the epoch under way: steps that are done, sums over them, and the seconds they took. */
  private batch = 0;
  private sums = NO_SUMS;
  private seconds = 0;
  private best: TrainingPosition['best'] = null;
  private line: EpochMetrics | null = null;
  /** When the step before had ended. */
  private markedAt = 0;
  private committed = true;
  private readonly share: PreparationShare;

  /** @param from Where an earlier process left off. */
  constructor(
    private readonly input: TrainingInput,
    private readonly learner: Learner,
    private readonly batches: { readonly source: BatchSource; readonly preparation: BatchPreparation },
    private readonly checkpoints: Checkpoints | undefined,
    from?: TrainingPosition,
  ) {
    const { config, device, events } = input;
    this.share = new PreparationShare(device, batches.preparation, events?.note);
    this.schedule = buildSchedule(config);
    this.earlyStop = new EarlyStop(config.training.earlyStopPatience);
    if (!from) return;
    this.earlyStop.restore(from.earlyStop);
    this.restoreSchedule(from.schedule);
    ({ epoch: this.epoch, batch: this.batch, sums: this.sums, seconds: this.seconds, best: this.best } = from);
    this.line = from.line as EpochMetrics | null;
  }

  async run(): Promise<TrainingOutcome> {
    const { signal, stopAfter } = this.input;
    const { epochs } = this.input.config.training;
    try {
      while (this.epoch < epochs && !this.earlyStop.exhausted) {
        const metrics = await this.runEpoch();
        if (await stopAfter?.(metrics)) break;
      }
    } catch (error) {
      if (signal?.aborted && error === signal.reason) await this.commit();
      throw error;
    }
    return {
      epochs: this.epoch,
      bestEpoch: this.best?.epoch ?? 0,
      bestApd: this.best?.apd ?? Number.POSITIVE_INFINITY,
      stoppedEarly: this.earlyStop.exhausted && this.epoch < epochs,
    };
  }

  private get learningRate(): number {
    return this.schedule?.learningRate ?? this.input.config.optimizer.learningRate;
  }

  private async runEpoch(): Promise<EpochMetrics> {
    const { events, validation, signal, config } = this.input;
    const epoch = this.epoch + 1;
    const batches = this.batches.source.batches(epoch);
    events?.beginEpoch?.(epoch, { done: this.batch, total: batches.length });
    await this.trainOn(batches, epoch);
    signal?.throwIfAborted();
    await this.share.report(batches[0]);
    const checked = await this.learner.validator.validate(validation, signal);
    checkValidation(checked, epoch);

    const { improved } = this.earlyStop.step(config.training.selectBy === 'apd' ? checked.apd : checked.loss);
    if (improved) this.best = { epoch, apd: checked.apd };
    const metrics: EpochMetrics = {
      epoch,
      learningRate: this.learningRate,
      trainingLoss: this.sums.loss / batches.length,
      trainingExcess: this.sums.excess / batches.length,
      validationLoss: checked.loss,
      validationExcess: checked.excess,
      validationApd: checked.apd,
      validationAopMae: checked.aopMae ?? null,
      gradientNorm: this.sums.norm / batches.length,
      imagesPerSecond: (batches.length * this.batches.source.stepSize) / this.seconds,
      best: improved,
      time: new Date().toISOString(),
    };
    this.schedule?.step(checked.loss);
    this.line = metrics;
    this.epoch = epoch;
    this.batch = 0;
    this.sums = NO_SUMS;
    this.seconds = 0;
    this.committed = false;
    await this.commit();
    events?.endEpoch?.(metrics);
    return metrics;
  }

  /** The steps of an epoch that are not done yet. One is under way while the next batch is prepared. */
  private async trainOn(batches: readonly Batch[], epoch: number): Promise<void> {
    const { signal } = this.input;
    this.markedAt = performance.now();
    this.share.pause();
    let pending: Promise<void> = Promise.resolve();
    for (const batch of batches.slice(this.batch)) {
      const prepared = await this.batches.preparation.prepare(batch);
      try {
        await pending;
        signal?.throwIfAborted();
      } catch (error) {
        disposeBatch(prepared);
        throw error;
      }
      pending = this.finishStep(this.take(prepared), batch, epoch);
      pending.catch(() => {});
    }
    await pending;
  }

  private async take(prepared: PreparedBatch): Promise<StepLosses> {
    try {
      return await this.learner.train(prepared, this.learningRate);
    } finally {
      disposeBatch(prepared);
    }
  }

  private async finishStep(running: Promise<StepLosses>, batch: Batch, epoch: number): Promise<void> {
    const losses = await running;
    checkStep(losses, () => `in epoch ${epoch}, batch ${this.batch + 1} (${this.batches.source.filesOf(batch)})`);
    this.sums = {
      loss: this.sums.loss + losses.loss,
      excess: this.sums.excess + losses.excess,
      norm: this.sums.norm + losses.norm,
    };
    const now = performance.now();
    this.seconds += (now - this.markedAt) / 1000;
    this.share.step(now);
    this.markedAt = now;
    this.batch += 1;
    this.committed = false;
    this.input.events?.step?.({ images: batch.frames.length, loss: losses.loss, excess: losses.excess });
  }

  private restoreSchedule(state: TrainingPosition['schedule']): void {
    const { schedule } = this;
    // The state is of a run with this configuration, and so of this kind of schedule.
    if (schedule instanceof ReduceOnPlateau && state && 'badEpochs' in state) schedule.restore(state);
    if (schedule instanceof StepDecay && state && 'epochs' in state) schedule.restore(state);
  }

  /** Keeps the state, unless it is kept already or there is no folder. */
  private async commit(): Promise<void> {
    if (this.committed || !this.checkpoints) return;
    await this.checkpoints.commit(this.position(), await this.learner.tensors());
    this.committed = true;
  }

  private position(): TrainingPosition {
    const { epoch, batch, sums, seconds, best, learner } = this;
    return {
      epoch,
      batch,
      steps: learner.stepsTaken,
      sums,
      seconds,
      parts: learner.parts,
      validationBatch: learner.validator.batchSize,
      schedule: this.schedule?.state() ?? null,
      earlyStop: this.earlyStop.state(),
      best,
      line: this.line && { ...this.line },
    };
  }
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
