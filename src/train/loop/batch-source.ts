import { fixedBatches, weightedOrder } from '../batches/index.js';
import type { TrainingConfig } from '../config/index.js';
import type { NetworkFrame } from '../dataset/frames.js';
import type { Batch } from './batch-loader.js';

/** Which frames an epoch takes and in what order. All of it depends on seed, epoch and place in it alone. */
export class BatchSource {
  /**
   * @param passes Passes over the frames that make an epoch.
   * @param weights How often a pass takes each frame: see `weightedOrder`.
   */
  constructor(
    private readonly frames: readonly NetworkFrame[],
    private readonly config: TrainingConfig,
    private readonly passes = 1,
    private readonly weights: readonly number[] = frames.map(() => 1),
  ) {}

  /** Frames per step: batches whose gradients are accumulated count as one. */
  get stepSize(): number {
    return framesPerStep(this.config);
  }

  /** The batches of an epoch, in order. */
  batches(epoch: number): Batch[] {
    const { passes } = this;
    return Array.from({ length: passes }, (_, i) => this.batchesOfPass((epoch - 1) * passes + 1 + i)).flat();
  }

  /** Names in the data set, for messages. */
  filesOf({ frames }: Batch): string {
    return Array.from(frames, (index) => this.frames[index].file).join(', ');
  }

  private batchesOfPass(pass: number): Batch[] {
    const order = weightedOrder(this.weights, this.config.training.seed, pass);
    return fixedBatches(order, this.stepSize).map((draws) => {
      return { frames: draws.map((draw) => draw % this.frames.length), draws, pass };
    });
  }
}

/** Frames whose mean gradient one update of the weights takes. */
export function framesPerStep({ training }: TrainingConfig): number {
  return training.batchSize * training.accumulate;
}
