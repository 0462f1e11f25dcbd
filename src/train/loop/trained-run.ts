import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Device, SondeError } from '../../index.js';
import { type Decoding, type HeatmapNetwork, WeightsError } from '../../model/index.js';
import { type Checkpoint, checkpointFile } from '../checkpoint/index.js';
import { loadConfig, type TrainingConfig } from '../config/index.js';
import type { CalibrationKey } from '../run-folder/index.js';
import { buildTrainedModel } from './build.js';
import { buildPredictor } from './build-predictor.js';
import type { Predictor } from './predictor.js';

/** A run's folder that holds no trained model. */
export class RunError extends SondeError {
  override name = 'RunError';
}

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
  const { config, weights, path } = await readRun(folder, checkpoint);
  try {
    return { config, ...buildTrainedModel(device, config, weights) };
  } catch (error) {
    if (!(error instanceof WeightsError)) throw error;
    throw new WeightsError(`${path}: ${error.message}`, { cause: error });
  }
}

/** Which weights of a run predict, and how points are read from its heatmaps where not as its configuration says. */
export interface RunReading {
  readonly checkpoint: Checkpoint;
  readonly decoding?: Decoding;
}

/** A run's trained model, ready to predict. */
export interface LoadedRun {
  readonly predictor: Predictor;
  readonly config: TrainingConfig;
  /** The weights' epoch is 0 where they do not say. */
  readonly key: CalibrationKey & { readonly decoding: Decoding };
}

/** Runs `use` with the predictor of a trained run and releases it, whatever happens. @throws as `loadRun` */
export async function withRun<T>(
  device: Device,
  folder: string,
  { checkpoint, decoding }: RunReading,
  use: (loaded: LoadedRun) => Promise<T>,
): Promise<T> {
  const { config, model, metadata } = await loadRun(device, folder, checkpoint);
  const predictor = buildPredictor(device, config, model, { decoding });
  const key = { checkpoint, epoch: Number(metadata.epoch ?? 0), decoding: decoding ?? config.model.decoding };
  try {
    return await use({ predictor, config, key });
  } finally {
    predictor.dispose();
    model.dispose();
  }
}
