import { type Device, NumericError } from '../../index.js';
import { scaleTo512 } from '../../model/coordinates.js';
import { precisionOn } from '../../model/index.js';
import type { Checkpoints, TrainingPosition } from '../checkpoint/index.js';
import { apdOfMean } from '../evaluate/scores.js';
import { summarizeTrainingSet } from '../run-folder/training-set.js';
import { EarlyStop, ReduceOnPlateau, StepDecay } from '../schedule/index.js';
import { type Batch, type BatchLoader, disposeBatch, type LoadedBatch } from './batch-loader.js';
import type { BatchSource } from './batch-source.js';
import { buildSchedule } from './build.js';
import { describeOperation, findCause } from './diagnosis.js';
import type { Learner } from './learner.js';
import { LoadingShare } from './loading-share.js';
import { type EpochMetrics, TrainingError, type TrainingInput, type TrainingOutcome } from './training-input.js';
import type { StepLosses } from './training-step.js';
import type { Validation } from './validator.js';

/** Epochs after which a model that is no better than the mean position is spoken of: before, it may not have begun to learn. */
export const TELLING_EPOCHS = 3;

const NO_SUMS = { loss: 0, excess: 0, norm: 0, distance: 0 };

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
  private progress: TrainingPosition['progress'] = { leastApd: null, idleEpochs: 0 };
  private readonly meanApd: number;
  private line: EpochMetrics | null = null;
  private lossScale = 1;
  /** When the step before had ended. */
  private markedAt = 0;
  private committed = true;
  private readonly share: LoadingShare;

  /** @param from Where an earlier process left off. */
  constructor(
    private readonly input: TrainingInput,
    private readonly learner: Learner,
    private readonly batches: { readonly source: BatchSource; readonly loader: BatchLoader },
    private readonly checkpoints: Checkpoints | undefined,
    from?: TrainingPosition,
  ) {
    const { config, device, events } = input;
    this.meanApd = meanApdOf(input);
    this.share = new LoadingShare(device, batches.loader, events?.note);
    this.schedule = buildSchedule(config);
    this.earlyStop = new EarlyStop(config.training.earlyStopPatience);
    if (!from) return;
    this.earlyStop.restore(from.earlyStop);
    this.restoreSchedule(from.schedule);
    ({ epoch: this.epoch, batch: this.batch, sums: this.sums, seconds: this.seconds, best: this.best } = from);
    this.lossScale = from.lossScale;
    this.progress = from.progress;
    this.line = from.line as EpochMetrics | null;
  }

  async run(): Promise<TrainingOutcome> {
    const { signal, stopAfter } = this.input;
    const { epochs } = this.input.config.training;
    try {
      // An earlier process may have been killed before it could ask about its last epoch.
      let ended = this.batch === 0 && this.line !== null && (await stopAfter?.(this.line));
      while (!ended && this.epoch < epochs && !this.earlyStop.exhausted) {
        const metrics = await this.runEpoch();
        ended = await stopAfter?.(metrics);
        if (!ended && !this.earlyStop.exhausted) this.checkProgress(metrics);
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
      meanApd: this.meanApd,
      learntNothing:
        this.patience !== null && this.epoch >= TELLING_EPOCHS && !((this.best?.apd ?? Number.NaN) < this.meanApd),
    };
  }

  private get patience(): number | null {
    return this.input.config.training.divergencePatience;
  }

  /** @throws TrainingError once as many epochs in a row as are borne were better neither than before nor than the mean position */
  private checkProgress({ validationApd, validationLoss }: EpochMetrics): void {
    const {
      patience,
      progress: { idleEpochs },
    } = this;
    const { config, events } = this.input;
    if (patience === null || idleEpochs < Math.min(TELLING_EPOCHS, patience)) return;
    const found =
      `${idleEpochs} epochs in a row were better neither than an epoch before nor than predicting the mean position of the training ` +
      `landmarks for every frame, which scores ${this.meanApd.toFixed(2)} px (the last has a validation APD of ${validationApd.toFixed(2)} px and a loss of ` +
      `${validationLoss.toPrecision(4)})`;
    if (idleEpochs < patience) {
      if (idleEpochs === TELLING_EPOCHS) events?.note?.(`${found}; after ${patience} training stops`);
      return;
    }
    throw new TrainingError(
      `Training stopped after epoch ${this.epoch}: ${found}; lower optimizer.learningRate (it is ${config.optimizer.learningRate}), look at ` +
        `the labels, or go on with training.divergencePatience null (it is ${patience}).`,
    );
  }

  private noteProgress(apd: number): void {
    const { leastApd, idleEpochs } = this.progress;
    const idle = apd >= this.meanApd && leastApd !== null && apd >= leastApd;
    this.progress = { leastApd: Math.min(apd, leastApd ?? apd), idleEpochs: idle ? idleEpochs + 1 : 0 };
  }

  private get learningRate(): number {
    return this.schedule?.learningRate ?? this.input.config.optimizer.learningRate;
  }

  private async runEpoch(): Promise<EpochMetrics> {
    const { events, signal, config } = this.input;
    const epoch = this.epoch + 1;
    const batches = this.batches.source.batches(epoch);
    events?.beginEpoch?.(epoch, { done: this.batch, total: batches.length });
    await this.trainOn(batches, epoch);
    signal?.throwIfAborted();
    await this.share.report(batches[0]);
    const checked = await this.validate(epoch);

    const { improved } = this.earlyStop.step(config.training.selectBy === 'apd' ? checked.apd : checked.loss);
    if (improved) this.best = { epoch, apd: checked.apd };
    this.noteProgress(checked.apd);
    const metrics: EpochMetrics = {
      epoch,
      learningRate: this.learningRate,
      trainingLoss: this.sums.loss / batches.length,
      trainingExcess: this.sums.excess / batches.length,
      trainingApd: this.sums.distance / batches.length,
      validationLoss: checked.loss,
      validationExcess: checked.excess,
      validationApd: checked.apd,
      validationAopMae: checked.aopMae ?? null,
      gradientNorm: this.sums.norm / batches.length,
      lossScale: this.lossScale,
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
    events?.endEpoch?.(metrics, this.meanApd);
    return metrics;
  }

  /** The steps of an epoch that are not done yet. One is under way while the next batch is loaded. */
  private async trainOn(batches: readonly Batch[], epoch: number): Promise<void> {
    const { signal } = this.input;
    this.markedAt = performance.now();
    this.share.pause();
    let pending: Promise<void> = Promise.resolve();
    for (const batch of batches.slice(this.batch)) {
      const loaded = await this.batches.loader.load(batch);
      try {
        await pending;
        signal?.throwIfAborted();
      } catch (error) {
        disposeBatch(loaded);
        throw error;
      }
      pending = this.finishStep(this.take(loaded), batch, epoch);
      pending.catch(() => {});
    }
    await pending;
  }

  private async take(loaded: LoadedBatch): Promise<StepLosses> {
    try {
      return await this.learner.train(loaded, this.learningRate);
    } finally {
      disposeBatch(loaded);
    }
  }

  private async finishStep(running: Promise<StepLosses>, batch: Batch, epoch: number): Promise<void> {
    const losses = await this.checkedStep(running, batch, epoch);
    this.lossScale = losses.scale;
    this.sums = {
      loss: this.sums.loss + losses.loss,
      excess: this.sums.excess + losses.excess,
      // Of a step that was left out there is none.
      norm: this.sums.norm + (Number.isFinite(losses.norm) ? losses.norm : 0),
      distance: this.sums.distance + losses.distance,
    };
    const now = performance.now();
    this.seconds += (now - this.markedAt) / 1000;
    this.share.step(now);
    this.markedAt = now;
    this.batch += 1;
    this.committed = false;
    this.input.events?.step?.({ images: batch.frames.length, loss: losses.loss, excess: losses.excess });
  }

  /** @throws TrainingError naming batch and operation where a step gave a loss or a gradient that is no number */
  private async checkedStep(running: Promise<StepLosses>, batch: Batch, epoch: number): Promise<StepLosses> {
    const where = `in epoch ${epoch}, batch ${this.batch + 1} (${this.batches.source.filesOf(batch)})`;
    const losses = await running.catch((error) => {
      throw error instanceof NumericError ? this.stopped(`Training stopped ${where}`, describeOperation(error)) : error;
    });
    // A gradient can overflow where the loss does not.
    if (this.isOverflow(losses)) return losses;
    const [name, value] = Number.isFinite(losses.loss) ? ['gradient norm', losses.norm] : ['loss', losses.loss];
    if (Number.isFinite(value)) return losses;
    const repeat = async (learner: Learner, device: Device) =>
      learner.train(await this.copyOf(batch, device), this.learningRate);
    throw this.stopped(`The ${name} became ${value} ${where}`, await this.findCause(repeat));
  }

  private stopped(what: string, cause: string | undefined): TrainingError {
    return stopped(what, cause, precisionOn(this.input.device, this.input.config));
  }

  /** Whether gradients were too large for f16 with the loss scale that they had, which is halved then: no reason to stop. */
  private isOverflow({ loss, norm, scale }: StepLosses): boolean {
    if (Number.isFinite(norm) || !Number.isFinite(loss) || scale <= this.learner.leastScale) return false;
    this.input.events?.note?.(
      `gradients overflowed f16 at a loss scale of ${scale}: the step was left out, the scale halved`,
    );
    return true;
  }

  /** @throws TrainingError likewise */
  private async validate(epoch: number): Promise<Validation> {
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

  private async findCause(repeat: Parameters<typeof findCause>[2]): Promise<string | undefined> {
    const { config, events, diagnose = true } = this.input;
    if (!diagnose) return undefined;
    events?.note?.('a number became NaN or Inf; repeating that batch in checked mode to find the operation');
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
    const { epoch, batch, sums, seconds, lossScale, best, progress, learner } = this;
    return {
      epoch,
      batch,
      steps: learner.stepsTaken,
      sums,
      seconds,
      lossScale,
      parts: learner.parts,
      preparation: this.batches.loader.place,
      validationBatch: learner.validator.batchSize,
      schedule: this.schedule?.state() ?? null,
      earlyStop: this.earlyStop.state(),
      best,
      progress,
      line: this.line && { ...this.line },
    };
  }
}

function meanApdOf({ training, validation }: TrainingInput): number {
  const truths = validation.map(({ landmarks, size }) => scaleTo512(landmarks, size));
  return apdOfMean(summarizeTrainingSet(training).meanLandmarks, truths);
}

function stopped(what: string, cause: string | undefined, precision: 'f32' | 'mixed'): TrainingError {
  const remedies = ['lower the learning rate', 'look at these frames'];
  // What overflows f16, whatever the loss scale, may have room in f32.
  if (precision === 'mixed') remedies.push('set training.precision to "f32"');
  const last = remedies.pop();
  const because = cause === undefined ? '' : `: ${cause}`;
  return new TrainingError(`${what}${because}; ${remedies.join(', ')}, or ${last}.`);
}
