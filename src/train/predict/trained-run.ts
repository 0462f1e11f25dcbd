import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Device } from '../../index.js';
import {
  buildTrainedModel,
  type Decoding,
  type HeatmapNetwork,
  loadPredictor,
  WeightsError,
} from '../../model/index.js';
import type { FramePrediction, FramePredictor } from '../../model/predictor.js';
import { type Checkpoint, checkpointFile } from '../checkpoint/index.js';
import { loadConfig, type TrainingConfig } from '../config/index.js';
import { FLIPS, type Flip } from '../flip.js';
import type { CalibrationKey } from '../run-folder/index.js';
import { RunError } from '../run-folder/run-error.js';
import { loadMembers, readEnsemble } from './ensemble.js';
import { FlippingPredictor, mergePredictions } from './flips.js';

/** What a run's folder holds of its model. */
export interface TrainedRun {
  readonly config: TrainingConfig;
  /** The bytes of the safetensors file. */
  readonly weights: Uint8Array;
  /** Where they were read from. */
  readonly path: string;
}

/**
 * Reads a run's configuration and weights.
 *
 * @throws RunError where the folder holds no such checkpoint; ConfigError where its configuration is damaged
 */
export async function readRun(folder: string, checkpoint: Checkpoint = 'best'): Promise<TrainedRun> {
  const path = join(folder, checkpointFile(checkpoint));
  let weights: Uint8Array;
  try {
    weights = await readFile(path);
  } catch (cause) {
    throw new RunError(
      `${folder} holds no trained model (${path}: ${(cause as NodeJS.ErrnoException).code}); give the folder of a run that npm run train has written.`,
      { cause },
    );
  }
  return { config: await loadConfig(join(folder, 'config.json')), weights, path };
}

/**
 * The model of a run with its trained weights.
 *
 * @throws as `readRun`; WeightsError where the weights are damaged
 */
export async function loadRun(
  device: Device,
  folder: string,
  checkpoint: Checkpoint = 'best',
): Promise<{ config: TrainingConfig; model: HeatmapNetwork; metadata: Record<string, string> }> {
  const run = await readRun(folder, checkpoint);
  const { config, weights } = run;
  return { config, ...naming(run, () => buildTrainedModel(device, config, weights)) };
}

/** Names the file in what is wrong with its weights. */
function naming<T>({ path }: TrainedRun, load: () => T): T {
  try {
    return load();
  } catch (error) {
    if (!(error instanceof WeightsError)) throw error;
    throw new WeightsError(`${path}: ${error.message}`, { cause: error });
  }
}

/** Which weights of a run predict, and how its answers are read where not as its configuration says. */
export interface RunReading {
  readonly checkpoint: Checkpoint;
  readonly decoding?: Decoding;
  /** Predict mirrored views of each frame too and take the mean: test-time augmentation. */
  readonly flips?: readonly Flip[];
}

/** A run's trained model, or an ensemble's, ready to predict. */
export interface LoadedRun {
  readonly predictor: FramePredictor;
  readonly config: TrainingConfig;
  /** The weights' epoch is 0 where they do not say, and of an ensemble. */
  readonly key: CalibrationKey & { readonly decoding: Decoding };
  /** Run folders of an ensemble's members. */
  readonly members?: readonly string[];
}

/**
 * Runs `use` with the predictor of a trained run and releases it, whatever happens.
 *
 * @param source Folder of a run or of an ensemble; or the folders of several runs, of which the mean is taken.
 * @throws as `loadRun`; RunError where members cannot answer together
 */
export async function withRun<T>(
  device: Device,
  source: string | readonly string[],
  reading: RunReading,
  use: (loaded: LoadedRun) => Promise<T>,
): Promise<T> {
  const members = typeof source === 'string' ? (await readEnsemble(source))?.members : source;
  if (members) return use(await openEnsemble(device, members, reading));
  return withModel(device, source as string, reading, use);
}

async function withModel<T>(
  device: Device,
  folder: string,
  reading: RunReading,
  use: (loaded: LoadedRun) => Promise<T>,
): Promise<T> {
  const { checkpoint, decoding } = reading;
  const run = await readRun(folder, checkpoint);
  const { config } = run;
  const loaded = naming(run, () => loadPredictor(device, run, { decoding }));
  const { predictor, metadata } = loaded;
  const key = keyOf(reading, config, Number(metadata.epoch ?? 0));
  const answering = key.flips ? new FlippingPredictor(predictor, config.model.inputSize, key.flips) : predictor;
  try {
    return await use({ predictor: answering, config, key });
  } finally {
    loaded.dispose();
  }
}

/** One member's model after the other is held, so that an ensemble needs no more memory than one of them. */
async function openEnsemble(device: Device, members: readonly string[], reading: RunReading): Promise<LoadedRun> {
  const [config] = await loadMembers(members);
  const predict = async (frames: readonly Float32Array[]): Promise<FramePrediction[]> => {
    const answers: FramePrediction[][] = [];
    for (const member of members) {
      answers.push(await withModel(device, member, reading, ({ predictor }) => predictor.predict(frames)));
    }
    return frames.map((_, i) => {
      const own = answers.map((predictions) => predictions[i]);
      return { ...mergePredictions(own, config.model.inputSize), members: own.map(({ landmarks }) => landmarks) };
    });
  };
  return { predictor: { predict }, config, key: keyOf(reading, config, 0), members };
}

function keyOf(
  { checkpoint, decoding, flips = [] }: RunReading,
  { model }: TrainingConfig,
  epoch: number,
): LoadedRun['key'] {
  const key = { checkpoint, epoch, decoding: decoding ?? model.decoding };
  // In one order, so that equal readings have equal keys.
  return flips.length === 0 ? key : { ...key, flips: FLIPS.filter((flip) => flips.includes(flip)) };
}
