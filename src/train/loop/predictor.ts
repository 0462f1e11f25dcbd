import { type Compiled, compile, type Device, type Tensor } from '../../index.js';
import type { DsntDeepUNet } from '../../model/index.js';
import { LANDMARK_NAMES, type Landmarks } from '../landmarks.js';
import { fromCoordinates } from './coordinates.js';
import { isTooLarge } from './training-step.js';

/** What the network says about one frame. */
export interface FramePrediction {
  /** In pixels of the size×size network frame. */
  readonly landmarks: Landmarks;
  /**
   * For each landmark the share of its heatmap, 0 to 1, within {@link CONFIDENCE_RADIUS} of the predicted point, and at least
   * within {@link LEAST_RADIUS}. A heatmap that is spread out or has two peaks scores low.
   */
  readonly confidence: Record<keyof Landmarks, number>;
}

/** Pixels of a 512 px frame: the loosest of the success radii. */
export const CONFIDENCE_RADIUS = 20;

/** Cells of the heatmap. A circle of this radius holds the four cells around any point between cell centres. */
export const LEAST_RADIUS = 1.5;

export interface PredictorOptions {
  readonly size: number;
  readonly grid: 'linspace' | 'pixel-centre';
  /** Frames per execution. */
  readonly batchSize: number;
}

/** Runs a trained network on frames. */
export class Predictor {
  private readonly forward: Compiled<[Tensor], { coordinates: Tensor; probabilities: Tensor }>;

  /** Frames per execution: halved until they fit the adapter, which changes no result. */
  private batchSize: number;

  constructor(
    private readonly device: Device,
    model: DsntDeepUNet,
    private readonly options: PredictorOptions,
  ) {
    this.batchSize = options.batchSize;
    this.forward = compile((images: Tensor) => {
      const { coordinates, probabilities } = model.predict(images, { training: false });
      return { coordinates, probabilities };
    });
  }

  /** @param frames Luminance in [0, 1], size×size each. */
  async predict(frames: readonly Float32Array[]): Promise<FramePrediction[]> {
    const predictions: FramePrediction[] = [];
    while (predictions.length < frames.length) {
      const batch = frames.slice(predictions.length, predictions.length + this.batchSize);
      try {
        predictions.push(...(await this.run(batch)));
      } catch (error) {
        if (!isTooLarge(error) || batch.length === 1) throw error;
        this.batchSize = Math.ceil(batch.length / 2);
      }
    }
    return predictions;
  }

  private async run(batch: readonly Float32Array[]): Promise<FramePrediction[]> {
    const { size, grid } = this.options;
    const images = this.device.tensor(joinFrames(batch), [batch.length, size, size, 1]);
    const used = [images];
    try {
      const { coordinates, probabilities } = await this.forward(images);
      used.push(coordinates, probabilities);
      const points = await coordinates.data();
      const heatmaps = await probabilities.data();
      const [, height, width] = probabilities.shape;
      return batch.map((_, i) => {
        const own = heatmaps.subarray(i * height * width * 3, (i + 1) * height * width * 3);
        return {
          landmarks: fromCoordinates(points, 6 * i, size, grid),
          confidence: confidenceOf(own, fromCoordinates(points, 6 * i, width, grid), height, width),
        };
      });
    } finally {
      for (const tensor of used) tensor.dispose();
    }
  }

  dispose(): void {
    this.forward.dispose();
  }
}

/** Frames one behind the other, as a batch holds them. */
export function joinFrames(frames: readonly Float32Array[]): Float32Array {
  const pixels = frames[0].length;
  const joined = new Float32Array(frames.length * pixels);
  for (const [i, frame] of frames.entries()) joined.set(frame, i * pixels);
  return joined;
}

/** @param landmarks In cells of the heatmap. */
function confidenceOf(
  heatmaps: Float32Array,
  landmarks: Landmarks,
  height: number,
  width: number,
): Record<keyof Landmarks, number> {
  const radius = Math.max((CONFIDENCE_RADIUS * width) / 512, LEAST_RADIUS);
  const within = LANDMARK_NAMES.map((name, k) => {
    const { x, y } = landmarks[name];
    let mass = 0;
    for (let row = 0; row < height; row++) {
      for (let column = 0; column < width; column++) {
        if (Math.hypot(column - x, row - y) <= radius) mass += heatmaps[(row * width + column) * 3 + k];
      }
    }
    return Math.min(1, mass);
  });
  return { ps1: within[0], ps2: within[1], fh1: within[2] };
}
