import type { Checkpoints, TrainingPosition } from '../checkpoint/index.js';
import { EarlyStop, ReduceOnPlateau, StepDecay } from '../schedule/index.js';
import { type Batch, type BatchLoader, disposeBatch, type LoadedBatch } from './batch-loader.js';
import type { BatchSource } from './batch-source.js';
import { buildSchedule } from './build.js';
import { Diagnosis } from './diagnosis.js';
import type { Learner } from './learner.js';
import { LoadingShare } from './loading-share.js';
import { ProgressMonitor } from './progress-monitor.js';
import type { EpochMetrics, TrainingInput, TrainingOutcome } from './training-input.js';
import type { StepLosses } from './training-step.js';
import type { Validation } from './validator.js';

const NO_SUMS = { loss: 0, excess: 0, norm: 0, distance: 0 };

/** The epochs of a run: from its start, or from where an earlier process left off, to its end. */
export class TrainingLoop {
  private readonly schedule: ReturnType<typeof buildSchedule>;
  private readonly earlyStop: EarlyStop;
  private readonly monitor: ProgressMonitor;
  private readonly diagnosis: Diagnosis;
  private readonly share: LoadingShare;
  /** Number of completed epochs. */
  private epoch = 0;
  /** Number of completed steps of the current epoch, sums over them, and the seconds they took. */
  private batch = 0;
  private sums = NO_SUMS;
  private seconds = 0;
  private best: TrainingPosition['best'] = null;
  /** Metrics of the last completed epoch. */
  private line: EpochMetrics | null = null;
  private lossScale = 1;
  /** When the previous step ended, milliseconds. */
  private markedAt = 0;
  /** Whether the folder holds the current state. */
  private committed = true;

  /** @param from Where an earlier process left off. */
  constructor(
    private readonly input: TrainingInput,
    private readonly learner: Learner,
    private readonly batches: { readonly source: BatchSource; readonly loader: BatchLoader },
    private readonly checkpoints: Checkpoints | undefined,
    from?: TrainingPosition,
  ) {
    const { config, device, events } = input;
    this.monitor = new ProgressMonitor(input, from?.progress);
    this.diagnosis = new Diagnosis(input, learner, batches);
    this.share = new LoadingShare(device, batches.loader, events?.note);
    this.schedule = buildSchedule(config);
    this.earlyStop = new EarlyStop(config.training.earlyStopPatience);
    if (!from) return;
    this.earlyStop.restore(from.earlyStop);
    this.restoreSchedule(from.schedule);
    ({ epoch: this.epoch, batch: this.batch, sums: this.sums, seconds: this.seconds, best: this.best } = from);
    this.lossScale = from.lossScale;
    this.line = from.line as EpochMetrics | null;
  }

  /** @throws TrainingError where a loss becomes NaN or infinite or the network stops learning; the signal's reason */
  async run(): Promise<TrainingOutcome> {
    const { config, events, signal, stopAfter } = this.input;
    const { epochs } = config.training;
    try {
      // An earlier process may have been killed before it could ask about its last epoch.
      let ended = this.batch === 0 && this.line !== null && (await stopAfter?.(this.line));
      while (!ended && this.epoch < epochs && !this.earlyStop.exhausted) {
        const epoch = this.epoch + 1;
        const batches = this.batches.source.batches(epoch);
        events?.beginEpoch?.(epoch, { done: this.batch, total: batches.length });
        await this.trainOn(batches, epoch);
        signal?.throwIfAborted();
        await this.share.report(batches[0]);
        const validation = await this.diagnosis.validate(epoch);
        const metrics = this.endEpoch(validation, batches.length);
        await this.commit();
        events?.endEpoch?.(metrics, this.monitor.meanApd);
        ended = await stopAfter?.(metrics);
        if (!ended && !this.earlyStop.exhausted) this.monitor.check(metrics);
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
      meanApd: this.monitor.meanApd,
      learntNothing: this.monitor.learntNothing(this.epoch, this.best?.apd),
    };
  }

  /** Takes the remaining steps of an epoch. The next batch is loaded while a step runs. */
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
      pending = this.finishStep(this.step(loaded), batch, epoch);
      pending.catch(() => {});
    }
    await pending;
  }

  private async step(loaded: LoadedBatch): Promise<StepLosses> {
    try {
      return await this.learner.train(loaded, this.learningRate);
    } finally {
      disposeBatch(loaded);
    }
  }

  private async finishStep(running: Promise<StepLosses>, batch: Batch, epoch: number): Promise<void> {
    const where = `in epoch ${epoch}, batch ${this.batch + 1} (${this.batches.source.filesOf(batch)})`;
    const losses = await this.diagnosis.checkStep(running, batch, this.learningRate, where);
    this.lossScale = losses.scale;
    this.sums = {
      loss: this.sums.loss + losses.loss,
      excess: this.sums.excess + losses.excess,
      // A step that was left out has no finite norm.
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

  /** Moves on to the next epoch: best epoch, metrics, learning rate. */
  private endEpoch({ loss, excess, apd, aopMae }: Validation, steps: number): EpochMetrics {
    const epoch = this.epoch + 1;
    const { improved } = this.earlyStop.step(this.input.config.training.selectBy === 'apd' ? apd : loss);
    if (improved) this.best = { epoch, apd };
    this.monitor.observe(apd);
    const metrics: EpochMetrics = {
      epoch,
      learningRate: this.learningRate,
      trainingLoss: this.sums.loss / steps,
      trainingExcess: this.sums.excess / steps,
      trainingApd: this.sums.distance / steps,
      validationLoss: loss,
      validationExcess: excess,
      validationApd: apd,
      validationAopMae: aopMae ?? null,
      gradientNorm: this.sums.norm / steps,
      lossScale: this.lossScale,
      imagesPerSecond: (steps * this.batches.source.stepSize) / this.seconds,
      best: improved,
      time: new Date().toISOString(),
    };
    this.schedule?.step(loss);
    this.line = metrics;
    this.epoch = epoch;
    this.batch = 0;
    this.sums = NO_SUMS;
    this.seconds = 0;
    this.committed = false;
    return metrics;
  }

  private get learningRate(): number {
    return this.schedule?.learningRate ?? this.input.config.optimizer.learningRate;
  }

  private restoreSchedule(state: TrainingPosition['schedule']): void {
    const { schedule } = this;
    // The state belongs to a run with this configuration, and so to this kind of schedule.
    if (schedule instanceof ReduceOnPlateau && state && 'badEpochs' in state) schedule.restore(state);
    if (schedule instanceof StepDecay && state && 'epochs' in state) schedule.restore(state);
  }

  /** Writes a checkpoint, unless the folder holds this state already or there is no folder. */
  private async commit(): Promise<void> {
    if (this.committed || !this.checkpoints) return;
    await this.checkpoints.commit(this.position(), await this.learner.tensors());
    this.committed = true;
  }

  private position(): TrainingPosition {
    const { epoch, batch, sums, seconds, lossScale, best, learner } = this;
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
      progress: this.monitor.state,
      line: this.line && { ...this.line },
    };
  }
}
