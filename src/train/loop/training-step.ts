import {
  add,
  type Compiled,
  clipWithNorm,
  compile,
  concat,
  type Device,
  gradients,
  mul,
  reshape,
  slice,
  type Tensor,
  type TuneOptions,
  type TuneReport,
  tune,
} from '../../index.js';
import type { HeatmapNetwork } from '../../model/index.js';
import type { TrainingConfig } from '../config/index.js';
import { buildLoss, buildOptimizer } from './build.js';
import { isTooLarge } from './too-large.js';

/** What one step measures. */
export interface StepLosses {
  readonly loss: number;
  /** The part of the loss above the least that it can be for these targets. */
  readonly excess: number;
  /** Norm of all gradients before clipping. */
  readonly norm: number;
}

/** No gradient reaches this norm in float32. */
const NO_CLIPPING = 3e38;

/**
 * Forward, loss, backward, clipping and optimiser as one program. A batch that the adapter cannot bind or hold is split
 * into equal parts whose gradients are accumulated before the update, still within the one program.
 */
export class TrainingStep {
  private readonly images: Tensor;
  private readonly targets: Tensor;
  private readonly optimizer;
  private parts = 1;
  private step: Compiled<[Tensor, Tensor, number], Tensor>;

  constructor(
    private readonly device: Device,
    private readonly model: HeatmapNetwork,
    private readonly config: TrainingConfig,
    private readonly events: { compiling?(done: number, total: number): void; note?(text: string): void } = {},
  ) {
    const { inputSize } = config.model;
    const { batchSize } = config.training;
    this.images = device.zeros([batchSize, inputSize, inputSize, 1]);
    this.targets = device.zeros([batchSize, 3, 2]);
    this.optimizer = buildOptimizer(config);
    this.step = this.compile();
  }

  /** @param pixels The batch's frames, one behind the other. @param targets x, y of each landmark of each frame. */
  async run(pixels: Float32Array, targets: readonly number[], learningRate: number): Promise<StepLosses> {
    this.images.write(pixels);
    this.targets.write(targets);
    const measured = await this.call(learningRate);
    const [loss, excess, norm] = await measured.data();
    measured.dispose();
    return { loss, excess, norm };
  }

  /** Measures the kernels that could compute this step, without taking it. See `tune` of the engine. */
  tune(options: TuneOptions = {}): Promise<TuneReport> {
    return tune(this.step, [this.images, this.targets, 0], options);
  }

  dispose(): void {
    this.step.dispose();
    this.optimizer.dispose();
    this.images.dispose();
    this.targets.dispose();
  }

  private async call(learningRate: number): Promise<Tensor> {
    for (;;) {
      try {
        return await this.step(this.images, this.targets, learningRate);
      } catch (error) {
        if (!isTooLarge(error) || !this.split()) throw error;
        const { batchSize } = this.config.training;
        this.events.note?.(
          `a batch of ${batchSize} frames does not fit this adapter (${error.message}); it is split into ${this.parts} parts of ` +
            `${batchSize / this.parts}, whose gradients are accumulated; batch norm then normalises within each part`,
        );
      }
    }
  }

  /** Divides the batch further, if it can be divided equally. */
  private split(): boolean {
    const { batchSize } = this.config.training;
    let parts = this.parts + 1;
    while (parts <= batchSize && batchSize % parts !== 0) parts += 1;
    if (parts > batchSize) return false;
    this.parts = parts;
    this.step.dispose();
    this.step = this.compile();
    return true;
  }

  private compile(): Compiled<[Tensor, Tensor, number], Tensor> {
    const { parts, optimizer, model } = this;
    const { clipNorm } = this.config.optimizer;
    const lossOf = buildLoss(this.config);
    const body = (images: Tensor, targets: Tensor, learningRate: Tensor) => {
      const { parameters } = model;
      let sum: { loss: Tensor; excess: Tensor; derivatives: Tensor[] } | undefined;
      for (let part = 0; part < parts; part++) {
        const logits = model.logits(rows(images, part, parts), { training: true });
        const { total, excess } = lossOf(logits, rows(targets, part, parts));
        const loss = share(total, parts);
        const derivatives = gradients(loss, parameters);
        const own = { loss, excess: share(excess, parts), derivatives };
        sum = sum
          ? {
              loss: add(sum.loss, own.loss),
              excess: add(sum.excess, own.excess),
              derivatives: sum.derivatives.map((before, i) => add(before, derivatives[i])),
            }
          : own;
      }
      if (!sum) throw new RangeError('a step needs at least one part');
      const clipped = clipWithNorm(sum.derivatives, clipNorm ?? NO_CLIPPING);
      optimizer.update(parameters, clipped.gradients, learningRate);
      // One tensor, so that one read brings them all.
      return concat([sum.loss, sum.excess, clipped.norm].map((value) => reshape(value, [1])));
    };
    return compile(body, { device: this.device, onCompile: this.events.compiling });
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
