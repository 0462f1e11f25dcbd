import { isTooLarge } from '../../engine/errors.js';
import { type CompileOptions, compile, type Device, type Tensor } from '../../index.js';
import { decodedLandmarks, scaleTo512, toCoordinates } from '../../model/coordinates.js';
import type { HeatmapNetwork, HeatmapReader } from '../../model/index.js';
import { joinFrames } from '../../model/predictor.js';
import type { TrainingConfig } from '../config/index.js';
import type { NetworkFrame } from '../dataset/frames.js';
import { evaluateLandmarks, type LandmarkCase } from '../metrics/index.js';
import { buildHeatmapReader } from '../predict/build.js';
import { buildLoss } from './build.js';

export interface Validation {
  /** Mean over frames. Not a finite number where the network has diverged, and then the landmarks are not scored. */
  readonly loss: number;
  readonly excess: number;
  /** Pixels of a 512 frame. */
  readonly apd: number;
  /** Degrees. */
  readonly aopMae: number | undefined;
  /** The frames of the first batch whose loss is not a finite number, if there is one. */
  readonly spoilt?: readonly NetworkFrame[];
}

interface BatchResult {
  readonly loss: number;
  readonly excess: number;
  readonly cases: readonly LandmarkCase[];
}

/** Loss and landmark errors of frames that are not trained on, in evaluation mode. */
export class Validator {
  private readonly forward;
  private readonly reader: HeatmapReader;

  /**
   * @param batchSize Frames per execution: halved until they fit the adapter, which changes the last bits of means at
   *   most.
   */
  constructor(
    private readonly device: Device,
    private readonly model: HeatmapNetwork,
    private readonly config: TrainingConfig,
    public batchSize: number = config.training.batchSize,
    options: Pick<CompileOptions, 'matrixUnits'> = {},
  ) {
    this.reader = buildHeatmapReader(config);
    const lossOf = buildLoss(config);
    this.forward = compile((images: Tensor, targets: Tensor) => {
      const logits = model.logits(images, { training: false });
      return { ...lossOf(logits, targets), points: this.reader.points(logits) };
    }, options);
  }

  /** @param signal Stops between batches, by throwing its reason. */
  async validate(frames: readonly NetworkFrame[], signal?: AbortSignal): Promise<Validation> {
    const sums = { loss: 0, excess: 0 };
    const cases: LandmarkCase[] = [];
    let spoilt: readonly NetworkFrame[] | undefined;
    for (let start = 0; start < frames.length; ) {
      signal?.throwIfAborted();
      const batch = frames.slice(start, start + this.batchSize);
      let result: BatchResult;
      try {
        result = await this.run(batch);
      } catch (error) {
        if (!isTooLarge(error) || batch.length === 1) throw error;
        this.batchSize = Math.ceil(batch.length / 2);
        continue;
      }
      start += batch.length;
      if (!Number.isFinite(result.loss)) spoilt ??= batch;
      sums.loss += result.loss * batch.length;
      sums.excess += result.excess * batch.length;
      cases.push(...result.cases);
    }
    const means = { loss: sums.loss / frames.length, excess: sums.excess / frames.length };
    if (!Number.isFinite(means.loss)) return { ...means, apd: Number.NaN, aopMae: undefined, spoilt };
    const { apd, aopMae } = evaluateLandmarks(cases);
    return { ...means, apd, aopMae };
  }

  private async run(batch: readonly NetworkFrame[]): Promise<BatchResult> {
    const { inputSize: size, grid } = this.config.model;
    const images = this.device.tensor(joinFrames(batch.map((frame) => frame.pixels)), [batch.length, size, size, 1]);
    const truths = batch.flatMap((frame) => toCoordinates(frame.landmarks, size, grid));
    const targets = this.device.tensor(truths, [batch.length, 3, 2]);
    const used = [images, targets];
    try {
      const { total, excess, points } = await this.forward(images, targets);
      used.push(total, excess, points);
      const values = await points.data();
      const cells = this.model.heatmapSize([size, size]);
      const cases = batch.map((frame, i): LandmarkCase => {
        const predicted = decodedLandmarks(this.reader, values, 6 * i, size, cells);
        return { predicted: scaleTo512(predicted, size), truth: scaleTo512(frame.landmarks, size) };
      });
      return { loss: await total.item(), excess: await excess.item(), cases };
    } finally {
      for (const tensor of used) tensor.dispose();
    }
  }

  dispose(): void {
    this.forward.dispose();
  }
}
