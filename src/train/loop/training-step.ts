import { isTooLarge } from '../../engine/errors.js';
import {
  add,
  type Compiled,
  type CompileOptions,
  clipWithNorm,
  compile,
  concat,
  type Device,
  gradients,
  LossScaler,
  mul,
  reshape,
  slice,
  type Tensor,
  type TuneOptions,
  type TuneReport,
  tune,
} from '../../index.js';
import { type HeatmapNetwork, type Module, precisionOn } from '../../model/index.js';
import type { TrainingConfig } from '../config/index.js';
import { buildHeatmapReader } from '../predict/build.js';
import type { LoadedBatch } from './batch-loader.js';
import { framesPerStep } from './batch-source.js';
import { buildLoss } from './build.js';
import { meanDistance } from './mean-distance.js';
import { ParameterGroups } from './parameter-groups.js';

/** What one step measures. */
export interface StepLosses {
  readonly loss: number;
  /** The part of the loss above the least that it can be for these targets. */
  readonly excess: number;
  /** Norm of all gradients before clipping. */
  readonly norm: number;
  /** Mean distance of the landmarks, px of a 512 px frame: of the augmented frames, before the weights are updated. */
  readonly distance: number;
  /** By which the loss was multiplied for the backward pass: in mixed precision, else 1. */
  readonly scale: number;
}

/** Lower than is usual: losses are sums over heatmaps here, with gradients to match. */
const FIRST_LOSS_SCALE = 1024;

/** No gradient reaches this norm in float32. */
const NO_CLIPPING = 3e38;

export interface TrainingStepOptions extends Pick<CompileOptions, 'matrixUnits'> {
  /** Takes the moving average of the weights and buffers, under the same names. */
  readonly average?: Module;
  /** Number of parts that an earlier process split the batch into. */
  readonly parts?: number;
  readonly compiling?: (done: number, total: number) => void;
  readonly note?: (text: string) => void;
}

/** Images, targets, learning rate, rate of the moving average. */
type StepArguments = [Tensor, Tensor, number, number];

/**
 * Forward, loss, backward, clipping, optimizer and moving average as one program. Its batch is `accumulate` batches in
 * equal parts whose gradients are averaged before the update, still within the one program; a batch that the adapter
 * cannot bind or hold is split further. A step whose loss or gradient is NaN or infinite leaves the weights unchanged.
 */
export class TrainingStep {
  private readonly groups: ParameterGroups;
  /** In mixed precision. */
  private readonly scaler: LossScaler | undefined;
  private currentParts: number;
  private step: Compiled<StepArguments, Tensor>;

  constructor(
    private readonly device: Device,
    private readonly model: HeatmapNetwork,
    private readonly config: TrainingConfig,
    private readonly options: TrainingStepOptions = {},
  ) {
    this.currentParts = options.parts ?? config.training.accumulate;
    this.groups = new ParameterGroups(model, config);
    this.scaler =
      precisionOn(device, config) === 'mixed' ? new LossScaler(device, { initial: FIRST_LOSS_SCALE }) : undefined;
    this.step = this.compile();
  }

  /** Number of parts that the frames of a step are split into. */
  get parts(): number {
    return this.currentParts;
  }

  /** @param averageRate How far the moving average goes towards the new weights, 0 to 1. */
  async run(batch: LoadedBatch, learningRate: number, averageRate = 1): Promise<StepLosses> {
    const measured = await this.call(batch, learningRate, averageRate);
    const [loss, excess, norm, distance, scale = 1] = await measured.data();
    measured.dispose();
    return { loss, excess, norm, distance, scale };
  }

  /** See `ParameterGroups.state`. */
  optimizerState(): ReturnType<ParameterGroups['state']> {
    return this.groups.state();
  }

  /** The least loss scale: a gradient that overflows there is no matter of precision. */
  get leastScale(): number {
    return this.scaler?.least ?? 1;
  }

  /** In mixed precision, the loss scale and the good steps since it changed. */
  async scalerState(): Promise<Float32Array | undefined> {
    return this.scaler?.save();
  }

  restoreScaler(saved: ArrayLike<number>): void {
    this.scaler?.restore(saved);
  }

  restoreOptimizer(...state: Parameters<ParameterGroups['restore']>): void {
    this.groups.restore(...state);
  }

  /** Measures the kernels that could compute this step, without taking it. See `tune` of the engine. */
  async tune(options: TuneOptions = {}): Promise<TuneReport> {
    const frames = framesPerStep(this.config);
    const { inputSize } = this.config.model;
    const images = this.device.zeros([frames, inputSize, inputSize, 1]);
    const targets = this.device.zeros([frames, 3, 2]);
    try {
      return await tune(this.step, [images, targets, 0, 1], options);
    } finally {
      images.dispose();
      targets.dispose();
    }
  }

  dispose(): void {
    this.step.dispose();
    this.groups.dispose();
    this.scaler?.dispose();
  }

  private async call({ images, targets }: LoadedBatch, learningRate: number, averageRate: number): Promise<Tensor> {
    for (;;) {
      try {
        return await this.step(images, targets, learningRate, averageRate);
      } catch (error) {
        if (!isTooLarge(error) || !this.split()) throw error;
        const { batchSize, accumulate } = this.config.training;
        const pieces = this.parts / accumulate;
        this.options.note?.(
          `a batch of ${batchSize} frames does not fit this adapter (${error.message}); it is split into ${pieces} parts of ` +
            `${batchSize / pieces}, whose gradients are accumulated; batch norm then normalizes within each part`,
        );
      }
    }
  }

  /** Divides each batch further, if it can be divided equally. */
  private split(): boolean {
    const { batchSize, accumulate } = this.config.training;
    let pieces = this.parts / accumulate + 1;
    while (pieces <= batchSize && batchSize % pieces !== 0) pieces += 1;
    if (pieces > batchSize) return false;
    this.currentParts = pieces * accumulate;
    this.step.dispose();
    this.step = this.compile();
    return true;
  }

  private compile(): Compiled<StepArguments, Tensor> {
    const { parts, groups, model, scaler } = this;
    const { clipNorm } = this.config.optimizer;
    const lossOf = buildLoss(this.config);
    const reader = buildHeatmapReader(this.config);
    const { inputSize } = this.config.model;
    const body = (images: Tensor, targets: Tensor, learningRate: Tensor, averageRate: Tensor) => {
      const { parameters } = groups;
      let sum: { loss: Tensor; excess: Tensor; distance: Tensor; derivatives: Tensor[] } | undefined;
      for (let part = 0; part < parts; part++) {
        const logits = model.logits(rows(images, part, parts), { training: true });
        const truths = rows(targets, part, parts);
        const { total, excess } = lossOf(logits, truths);
        const loss = share(total, parts);
        const derivatives = gradients(scaler ? scaler.scale(loss) : loss, parameters);
        const distance = meanDistance(reader, reader.points(logits), logits.shape[1], truths, inputSize);
        const own = { loss, excess: share(excess, parts), distance: share(distance, parts), derivatives };
        sum = sum
          ? {
              loss: add(sum.loss, own.loss),
              excess: add(sum.excess, own.excess),
              distance: add(sum.distance, own.distance),
              derivatives: sum.derivatives.map((before, i) => add(before, derivatives[i])),
            }
          : own;
      }
      if (!sum) throw new RangeError('a step needs at least one part');
      const scale = scaler?.current();
      const clipped = clipWithNorm(sum.derivatives, clipNorm ?? NO_CLIPPING, { scale });
      // NaN or Inf in either makes the sum so.
      const onlyIfFinite = add(reshape(sum.loss, []), reshape(clipped.norm, []));
      groups.update(clipped.gradients, learningRate, { onlyIfFinite });
      scaler?.update(clipped.norm);
      if (this.options.average) groups.moveAverage(this.options.average, averageRate);
      // One tensor, so that one read brings them all.
      const measured = [sum.loss, sum.excess, clipped.norm, sum.distance].map((value) => reshape(value, [1]));
      return concat(scale ? [...measured, scale] : measured);
    };
    const { compiling: onCompile, matrixUnits } = this.options;
    return compile(body, { device: this.device, onCompile, matrixUnits });
  }
}

function share(x: Tensor, parts: number): Tensor {
  return parts === 1 ? x : mul(x, 1 / parts);
}

/** Part `index` of `parts` equal ones along the first axis. */
function rows(x: Tensor, index: number, parts: number): Tensor {
  if (parts === 1) return x;
  const count = x.shape[0] / parts;
  const rest = x.shape.slice(1);
  return slice(x, { start: [index * count, ...rest.map(() => 0)], end: [(index + 1) * count, ...rest] });
}
