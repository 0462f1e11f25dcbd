import { isTooLarge } from '../../engine/errors.js';
import { add, type Compiled, compile, type Device, mul, type Tensor } from '../../index.js';
import { toCoordinates } from '../../model/coordinates.js';
import { toNormalized } from '../../model/index.js';
import { joinFrames } from '../../model/predictor.js';
import { augment, augmentFrames, FrameStore } from '../augmentation/index.js';
import type { TrainingConfig } from '../config/index.js';
import type { NetworkFrame } from '../dataset/frames.js';

/** Which frames one step takes. */
export interface Batch {
  /** Their numbers in the set. */
  readonly frames: Uint32Array;
  /** What augmentation is drawn by: as `weightedOrder` gives it, so that each copy of a frame has its own. */
  readonly draws: Uint32Array;
  /** The pass over the set that this batch belongs to, from 1. Augmentation differs from pass to pass. */
  readonly pass: number;
}

/** Frames of one step on the device. Whoever asked for them disposes them. */
export interface LoadedBatch {
  /** Luminance in [0, 1], [N, size, size, 1]. */
  readonly images: Tensor;
  /** x, y of each landmark of each frame, in the network's coordinates, [N, 3, 2]. */
  readonly targets: Tensor;
}

/** Turns the numbers of frames into a batch: augmentation and targets. The same batch is the same bits each time. */
export interface BatchLoader {
  readonly place: 'device' | 'CPU';
  load(batch: Batch): Promise<LoadedBatch>;
  dispose(): void;
}

export function disposeBatch({ images, targets }: LoadedBatch): void {
  images.dispose();
  targets.dispose();
}

/**
 * Batches are made on the device, from frames that stay there, unless the configuration says otherwise or there is no
 * room for them: then on the CPU.
 *
 * @param options.note Is told where there is no room.
 * @param options.place Where an earlier process made them, as the two are not the same to the last bit.
 */
export async function openBatchLoader(
  device: Device,
  frames: readonly NetworkFrame[],
  config: TrainingConfig,
  { note, place }: { note?: (text: string) => void; place?: BatchLoader['place'] } = {},
): Promise<BatchLoader> {
  if (config.augmentation.device && place !== 'CPU') {
    try {
      return new DeviceBatchLoader(await FrameStore.create(device, frames), config);
    } catch (error) {
      if (!isTooLarge(error)) throw error;
      note?.(
        `${frames.length} training frames do not fit the adapter (${error.message}); they are augmented on the CPU`,
      );
    }
  }
  return new CpuBatchLoader(device, frames, config);
}

/** A program of its own, submitted before the step's: indices and key go to the device, nothing comes back. */
class DeviceBatchLoader implements BatchLoader {
  readonly place = 'device';
  private readonly program: Compiled<[Tensor, Tensor, Tensor], { images: Tensor; targets: Tensor }>;

  constructor(
    private readonly store: FrameStore,
    private readonly config: TrainingConfig,
  ) {
    const { grid, inputSize } = config.model;
    const offset = toNormalized(0, inputSize, grid);
    const scale = toNormalized(1, inputSize, grid) - offset;
    this.program = compile((indices: Tensor, key: Tensor, numbers: Tensor) => {
      const { images, landmarks } = augmentFrames(store, indices, key, config.augmentation, numbers);
      return { images, targets: add(mul(landmarks, scale), offset) };
    });
  }

  async load({ frames, draws, pass }: Batch): Promise<LoadedBatch> {
    const { device } = this.store;
    const indices = device.tensor(frames, [frames.length], 'u32');
    const key = device.tensor([this.config.training.seed, pass], [2], 'u32');
    const numbers = device.tensor(draws, [draws.length], 'u32');
    try {
      return await this.program(indices, key, numbers);
    } finally {
      indices.dispose();
      numbers.dispose();
      key.dispose();
    }
  }

  dispose(): void {
    this.program.dispose();
    this.store.dispose();
  }
}

class CpuBatchLoader implements BatchLoader {
  readonly place = 'CPU';

  constructor(
    private readonly device: Device,
    private readonly frames: readonly NetworkFrame[],
    private readonly config: TrainingConfig,
  ) {}

  async load({ frames, draws, pass }: Batch): Promise<LoadedBatch> {
    const { augmentation, training, model } = this.config;
    const samples = Array.from(frames, (index, place) => {
      const frame = this.frames[index];
      return augmentation.enabled ? augment(frame, augmentation, [training.seed, pass, draws[place]]) : frame;
    });
    const targets = samples.flatMap(({ landmarks }) => toCoordinates(landmarks, model.inputSize, model.grid));
    const shape = [frames.length, model.inputSize, model.inputSize, 1];
    const images = this.device.tensor(joinFrames(samples.map(({ pixels }) => pixels)), shape);
    return { images, targets: this.device.tensor(targets, [frames.length, 3, 2]) };
  }

  dispose(): void {}
}

/**
 * Runs one behind the other that are timed together, and how often: the least is what other work has disturbed least.
 */
const TIMED = { runs: 4, times: 3 };

/** How long the making of a batch takes where nothing else is under way, milliseconds. */
export async function timeLoading(device: Device, loader: BatchLoader, batch: Batch): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  await device.finished();
  for (let time = 0; time < TIMED.times; time++) {
    const begun = performance.now();
    for (let run = 0; run < TIMED.runs; run++) disposeBatch(await loader.load(batch));
    await device.finished();
    least = Math.min(least, (performance.now() - begun) / TIMED.runs);
  }
  return least;
}
