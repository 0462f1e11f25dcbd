import {
  type Compiled,
  type CompileOptions,
  compile,
  type Device,
  isTooLarge,
  SondeError,
  type Tensor,
} from '../engine/index.js';
import { softmax } from '../kernels/index.js';
import { decodedLandmarks, fromCoordinates, toCoordinates } from './coordinates.js';
import type { HeatmapReader } from './decoding.js';
import type { HeatmapNetwork } from './heatmap-network.js';
import { LANDMARK_NAMES, type Landmarks } from './landmarks.js';
import { type HeatmapUncertainties, heatmapCellSize, heatmapUncertainty } from './uncertainty/index.js';

/** Frames that a network does not take: of another size, or with values outside [0, 1]. */
export class FrameError extends SondeError {
  override name = 'FrameError';
}

/** A prediction that is NaN or infinite. */
export class PredictionError extends SondeError {
  override name = 'PredictionError';
}

/** The prediction of a network for one frame. */
export interface FramePrediction {
  /** In pixels of the size×size network frame. */
  readonly landmarks: Landmarks;
  /**
   * For each landmark, 0 to 1, how far its heatmap stands behind the point. Heatmaps that are distributions: the share
   * within {@link CONFIDENCE_RADIUS} of the point, and at least within {@link LEAST_RADIUS}. Heatmaps that were trained
   * towards Gaussians of peak 1: the height of the peak. Either way one that is spread out or has two peaks scores low.
   */
  readonly confidence: Record<keyof Landmarks, number>;
  /** The spread of each heatmap about its point, in pixels of a 512 px frame, before any calibration. */
  readonly uncertainty: HeatmapUncertainties;
  /**
   * Mean and standard deviation of each channel of the network's finer features, by which `frameDistance` tells a frame
   * of another kind. Of several views or members those of each, one behind the other.
   */
  readonly features: Float32Array;
  /** Present where they were asked for. */
  readonly heatmaps?: PredictedHeatmaps;
  /** The predictions of an ensemble's members. */
  readonly members?: readonly Landmarks[];
}

/** A source of predictions for frames: a network, an ensemble, or several views of each frame. */
export interface FramePredictor {
  /**
   * @param frames Luminance in [0, 1], size×size each.
   * @param options.heatmaps Whether to hand out the heatmaps too, where there is one network's to hand out.
   */
  predict(
    frames: readonly Float32Array[],
    options?: { readonly heatmaps?: boolean | undefined },
  ): Promise<FramePrediction[]>;
}

/** The heatmaps of one frame: distributions, or scores of peak 1, as the network was trained to make. */
export interface PredictedHeatmaps {
  readonly height: number;
  readonly width: number;
  /** Row-major, with the landmarks' values side by side: height×width×3. */
  readonly values: Float32Array;
}

/** Pixels of a 512 px frame: the loosest of the success radii. */
export const CONFIDENCE_RADIUS = 20;

/** Cells of the heatmap. A circle of this radius holds the four cells around any point between cell centres. */
export const LEAST_RADIUS = 1.5;

export interface PredictorOptions extends Pick<CompileOptions, 'matrixUnits' | 'onCompile'> {
  readonly size: number;
  readonly reader: HeatmapReader;
  /**
   * What the network was trained to make: logarithms of a distribution, read as `probabilities` (default), or `scores`,
   * Gaussians of peak 1.
   */
  readonly heatmaps?: 'probabilities' | 'scores';
  /** Frames per execution. */
  readonly batchSize: number;
}

/** Runs a trained network on frames. */
export class Predictor implements FramePredictor {
  private readonly forward: Compiled<[Tensor], { points: Tensor; heatmaps: Tensor; features: Tensor }>;

  /** Frames per execution: halved until they fit the adapter, which changes no result. */
  private batchSize: number;

  constructor(
    private readonly device: Device,
    model: HeatmapNetwork,
    private readonly options: PredictorOptions,
  ) {
    this.batchSize = options.batchSize;
    const { reader, heatmaps, onCompile, matrixUnits } = options;
    const body = (images: Tensor) => {
      const { logits, features } = model.logitsAndFeatures(images, { training: false });
      const probabilities = softmax(logits, { axes: [1, 2] });
      return {
        points: reader.points(logits, probabilities),
        heatmaps: heatmaps === 'scores' ? logits : probabilities,
        features,
      };
    };
    this.forward = compile(body, { onCompile, matrixUnits });
  }

  /**
   * @param frames Luminance in [0, 1], size×size each.
   * @param options.heatmaps Whether to hand out the heatmaps too.
   * @throws FrameError for a frame of another size, or with a value that is not in [0, 1]; PredictionError where the
   *   network answers with NaN or an infinite value
   */
  async predict(
    frames: readonly Float32Array[],
    options: { readonly heatmaps?: boolean | undefined } = {},
  ): Promise<FramePrediction[]> {
    for (const [i, frame] of frames.entries()) checkFrame(frame, i, this.options.size);
    const predictions: FramePrediction[] = [];
    while (predictions.length < frames.length) {
      const batch = frames.slice(predictions.length, predictions.length + this.batchSize);
      try {
        predictions.push(...(await this.run(batch, options.heatmaps ?? false)));
      } catch (error) {
        if (!isTooLarge(error) || batch.length === 1) throw error;
        this.batchSize = Math.ceil(batch.length / 2);
      }
    }
    return predictions;
  }

  private async run(batch: readonly Float32Array[], keep: boolean): Promise<FramePrediction[]> {
    const { size, reader, heatmaps: kind } = this.options;
    const images = this.device.tensor(joinFrames(batch), [batch.length, size, size, 1]);
    const used = [images];
    try {
      const { points, heatmaps, features } = await this.forward(images);
      used.push(points, heatmaps, features);
      const values = await points.data();
      const maps = await heatmaps.data();
      const pooled = await features.data();
      const [, height, width] = heatmaps.shape;
      const channels = features.shape[1];
      return batch.map((_, i) => {
        const landmarks = decodedLandmarks(reader, values, 6 * i, size, [height, width]);
        const own = maps.subarray(i * height * width * 3, (i + 1) * height * width * 3);
        checkAnswer(landmarks, own);
        const kept = keep ? { heatmaps: { height, width, values: own } } : {};
        const cells = fromCoordinates(toCoordinates(landmarks, size, reader.grid), 0, width, reader.grid);
        return {
          landmarks,
          confidence: kind === 'scores' ? heightsOf(own) : sharesNear(own, cells, height, width),
          uncertainty: this.uncertaintyOf(own, cells, height, width),
          features: pooled.slice(i * channels, (i + 1) * channels),
          ...kept,
        };
      });
    } finally {
      for (const tensor of used) tensor.dispose();
    }
  }

  /** @param cells Landmarks in cells of the heatmap */
  private uncertaintyOf(heatmaps: Float32Array, cells: Landmarks, height: number, width: number): HeatmapUncertainties {
    const { size, reader, heatmaps: values } = this.options;
    const cellSize = heatmapCellSize(width, size, reader.grid);
    const [ps1, ps2, fh1] = LANDMARK_NAMES.map((name, channel) =>
      heatmapUncertainty(heatmaps, { height, width, channels: 3, channel, cellSize, point: cells[name], values }),
    );
    return { ps1, ps2, fh1 };
  }

  dispose(): void {
    this.forward.dispose();
  }
}

/** Rounding of a resampled white pixel. */
const LUMINANCE_TOLERANCE = 1e-3;

function checkFrame(frame: Float32Array, index: number, size: number): void {
  if (frame.length !== size * size) {
    throw new FrameError(
      `predict: frames[${index}] has ${frame.length} values and the network takes ${size * size} (${size}×${size}); bring it to that ` +
        'size with fitFrame.',
    );
  }
  for (const value of frame) {
    if (value >= -LUMINANCE_TOLERANCE && value <= 1 + LUMINANCE_TOLERANCE) continue;
    throw new FrameError(
      `predict: frames[${index}] holds ${value}, and luminance is from 0 to 1; divide bytes by 255, and leave no NaN.`,
    );
  }
}

/** The highest cell of a heatmap with a NaN is a point like any other, so the heatmaps are looked at too. */
function checkAnswer(landmarks: Landmarks, heatmaps: Float32Array): void {
  for (const [k, name] of LANDMARK_NAMES.entries()) {
    const { x, y } = landmarks[name];
    let broken = 0;
    for (let i = k; i < heatmaps.length; i += LANDMARK_NAMES.length) if (!Number.isFinite(heatmaps[i])) broken++;
    if (broken === 0 && Number.isFinite(x) && Number.isFinite(y)) continue;
    throw new PredictionError(
      `The network answers with no position of ${name.toUpperCase()}: ${broken} of its heatmap's ` +
        `${heatmaps.length / LANDMARK_NAMES.length} values are NaN or infinite. Its weights have diverged, or mixed precision ` +
        'overflows; use another checkpoint, or training.precision f32.',
    );
  }
}

/** Frames one behind the other, as a batch holds them. */
export function joinFrames(frames: readonly Float32Array[]): Float32Array {
  const pixels = frames[0].length;
  const joined = new Float32Array(frames.length * pixels);
  for (const [i, frame] of frames.entries()) joined.set(frame, i * pixels);
  return joined;
}

/** Height of each heatmap's peak, within 0 and 1. */
function heightsOf(heatmaps: Float32Array): Record<keyof Landmarks, number> {
  const heights = LANDMARK_NAMES.map((_, k) => {
    let highest = 0;
    for (let i = k; i < heatmaps.length; i += 3) highest = Math.max(highest, heatmaps[i]);
    return Math.min(1, highest);
  });
  return { ps1: heights[0], ps2: heights[1], fh1: heights[2] };
}

/** Share of each heatmap within the radius. @param landmarks In cells of the heatmap. */
function sharesNear(
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
