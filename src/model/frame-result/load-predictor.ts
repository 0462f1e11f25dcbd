import type { CompileOptions, Device } from '../../engine/index.js';
import type { CoordinateGrid } from '../../kernels/index.js';
import { type Decoding, HeatmapReader } from '../decoding.js';
import type { Fit, GreyFrame } from '../fit-frame.js';
import type { HeatmapNetwork } from '../heatmap-network.js';
import { buildNetwork, type NetworkOptions } from '../network.js';
import { type FramePredictor, Predictor } from '../predictor.js';
import type { Calibration } from '../uncertainty/index.js';
import { importWeights } from '../weights.js';
import { type FrameResult, type FrameSource, frameResult, type NetworkFacts } from './frame-result.js';
import { type ViewedFrame, viewFrame } from './view.js';

/** The part of a run's `config.json` that says how its network is built and read. */
export interface PredictorConfig {
  readonly model: NetworkOptions & {
    readonly inputSize: number;
    readonly grid: CoordinateGrid;
    readonly decoding: Decoding;
  };
  readonly loss: { readonly name: string };
  readonly training: { readonly precision: 'f32' | 'mixed'; readonly batchSize: number };
}

/** A trained model, as a run's folder holds it. */
export interface TrainedModel {
  readonly config: PredictorConfig;
  /** The bytes of the safetensors file. */
  readonly weights: Uint8Array;
  readonly calibration?: Calibration | undefined;
}

export interface LoadOptions extends Pick<CompileOptions, 'matrixUnits' | 'onCompile'> {
  /** Frames per execution; default: as in training. */
  readonly batchSize?: number;
  /** Default: as trained. */
  readonly decoding?: Decoding | undefined;
}

/** A frame with what its file says of it; without a number it is the only one of its file. */
export type AnsweredFrame = GreyFrame &
  Partial<Pick<FrameSource, 'frame' | 'frameCount' | 'spacing' | 'pixelAspectRatio'>>;

export interface AnswerOptions {
  /** The treatment of frames that are not square; default: `crop`, as in training. */
  readonly fit?: Fit | undefined;
  /** Whether to hand out the heatmaps too. */
  readonly heatmaps?: boolean;
}

/** A trained network on a device: the one way from a frame to an answer. */
export class LoadedPredictor {
  constructor(
    /** Predicts for frames that are of the network's size already. */
    readonly predictor: Predictor,
    readonly network: NetworkFacts,
    /** Metadata of the weights' file, as the training wrote it. */
    readonly metadata: Readonly<Record<string, string>>,
    private readonly model: HeatmapNetwork,
  ) {}

  /** @throws FrameError, PredictionError as `Predictor.predict` */
  answer(frames: readonly AnsweredFrame[], options: AnswerOptions = {}): Promise<FrameResult[]> {
    return answerFrames(this.predictor, this.network, frames, options);
  }

  dispose(): void {
    this.predictor.dispose();
    this.model.dispose();
  }
}

/**
 * Builds the network of a trained model and loads its weights.
 *
 * @throws WeightsError where they are damaged, not finite, or another network's
 */
export function loadPredictor(device: Device, trained: TrainedModel, options: LoadOptions = {}): LoadedPredictor {
  const { config, weights, calibration } = trained;
  const { inputSize: size, grid } = config.model;
  const { model, metadata } = buildTrainedModel(device, config, weights);
  return new LoadedPredictor(
    buildPredictor(device, config, model, options),
    { size, grid, calibration },
    metadata,
    model,
  );
}

/**
 * The network of a configuration with trained weights.
 *
 * @param weights A safetensors file with PyTorch's names and layouts, as a run's folder holds it.
 * @throws WeightsError where they are damaged, not finite, or another network's
 */
export function buildTrainedModel(
  device: Device,
  config: PredictorConfig,
  weights: Uint8Array,
): { model: HeatmapNetwork; metadata: Record<string, string> } {
  const model = buildNetwork(device, { ...config.model, precision: precisionOn(device, config) });
  try {
    return { model, metadata: importWeights(model, weights) };
  } catch (error) {
    model.dispose();
    throw error;
  }
}

/** A predictor for a network, as its configuration says or with another decoding. */
export function buildPredictor(
  device: Device,
  config: PredictorConfig,
  model: HeatmapNetwork,
  { batchSize = config.training.batchSize, decoding = config.model.decoding, ...compileOptions }: LoadOptions = {},
): Predictor {
  const { inputSize: size, grid } = config.model;
  const reader = new HeatmapReader(decoding, grid);
  const heatmaps = heatmapsOf(config, reader);
  return new Predictor(device, model, { size, reader, heatmaps, batchSize, ...compileOptions });
}

/**
 * The results of a network, or several, for frames: in the frames' own pixels, with uncertainties and warnings.
 *
 * @throws FrameError, PredictionError as `Predictor.predict`
 */
export async function answerFrames(
  predictor: FramePredictor,
  network: NetworkFacts,
  frames: readonly AnsweredFrame[],
  { fit, heatmaps }: AnswerOptions = {},
): Promise<FrameResult[]> {
  const prepared = frames.map((frame) => prepareFrame(frame, network.size, fit));
  return answerPrepared(predictor, network, prepared, heatmaps);
}

/** A frame brought to the network's size, without its own pixels: what is left to keep of many. */
export interface PreparedFrame extends ViewedFrame {
  readonly source: FrameSource;
}

export function prepareFrame(frame: AnsweredFrame, size: number, fit: Fit | undefined): PreparedFrame {
  const { frame: number = 1, frameCount = 1, width, height, spacing, pixelAspectRatio } = frame;
  const source = { frame: number, frameCount, width, height, spacing, pixelAspectRatio };
  return { ...viewFrame(frame, size, { fit }), source };
}

/** As {@link answerFrames}, of frames that were prepared before. */
export async function answerPrepared(
  predictor: FramePredictor,
  network: NetworkFacts,
  frames: readonly PreparedFrame[],
  heatmaps?: boolean,
): Promise<FrameResult[]> {
  const predictions = await predictor.predict(
    frames.map(({ pixels }) => pixels),
    { heatmaps },
  );
  return frames.map(({ view, source }, i) => frameResult(predictions[i], view, source, network));
}

/** The precision that a configuration has on a device: f32 wherever there is no f16. */
export function precisionOn(device: Device, { training }: Pick<PredictorConfig, 'training'>): 'f32' | 'mixed' {
  return training.precision === 'mixed' && device.traits.f16 ? 'mixed' : 'f32';
}

/** The meaning of the heatmaps of a configuration's network. */
export function heatmapsOf(
  { loss }: Pick<PredictorConfig, 'loss'>,
  { decoding }: HeatmapReader,
): 'probabilities' | 'scores' {
  // DSNT takes any heatmap for the logarithm of a distribution.
  return loss.name === 'heatmap' && decoding !== 'dsnt' ? 'scores' : 'probabilities';
}
