import { augment } from '../augmentation/index.js';
import { epochOrder, fixedBatches } from '../batches/index.js';
import type { TrainingConfig } from '../config/index.js';
import { toCoordinates } from './coordinates.js';
import type { NetworkFrame } from './frames.js';
import { joinFrames } from './predictor.js';

/** Which frames one step takes. */
export interface Batch {
  /** Their numbers in the set. */
  readonly frames: Uint32Array;
  /** The pass over the set that this batch belongs to, from 1. Augmentation differs from pass to pass. */
  readonly pass: number;
}

/** Frames of one step, as the step takes them. */
export interface PreparedBatch {
  /** The frames one behind the other, luminance in [0, 1]. */
  readonly pixels: Float32Array;
  /** x, y of each landmark of each frame, in the network's coordinates. */
  readonly targets: readonly number[];
}

/** Which frames an epoch takes, in what order and how changed. All of it depends on seed, epoch and place in it alone. */
export class BatchSource {
  /** @param passes Passes over the frames that make an epoch. */
  constructor(
    private readonly frames: readonly NetworkFrame[],
    private readonly config: TrainingConfig,
    private readonly passes = 1,
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

  prepare({ frames, pass }: Batch): PreparedBatch {
    const { augmentation, training, model } = this.config;
    const samples = Array.from(frames, (index) => {
      const frame = this.frames[index];
      return augmentation.enabled ? augment(frame, augmentation, [training.seed, pass, index]) : frame;
    });
    return {
      pixels: joinFrames(samples.map((sample) => sample.pixels)),
      targets: samples.flatMap((sample) => toCoordinates(sample.landmarks, model.inputSize, model.grid)),
    };
  }

  private batchesOfPass(pass: number): Batch[] {
    const order = epochOrder(this.frames.length, this.config.training.seed, pass);
    return fixedBatches(order, this.stepSize).map((frames) => ({ frames, pass }));
  }
}

/** Frames whose mean gradient one update of the weights takes. */
export function framesPerStep({ training }: TrainingConfig): number {
  return training.batchSize * training.accumulate;
}
