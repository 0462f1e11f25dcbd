import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Adam, AdamW, type Device, type Optimizer, SGD, SondeError } from '../../index.js';
import { DsntDeepUNet, importWeights, type KeypointLossOptions, WeightsError } from '../../model/index.js';
import { loadConfig, type TrainingConfig } from '../config/index.js';

/** A run's folder that holds no trained model. */
export class RunError extends SondeError {
  override name = 'RunError';
}

/** The network of a configuration, freshly initialised from its seed. */
export function buildModel(device: Device, { model, training }: TrainingConfig): DsntDeepUNet {
  const { base, depth, inChannels, preset, grid } = model;
  return new DsntDeepUNet(
    { device, seed: training.seed, path: '' },
    { base, depth, inChannels, preset, grid, recompute: training.recompute },
  );
}

export function buildOptimizer({ optimizer }: TrainingConfig): Optimizer {
  switch (optimizer.name) {
    case 'adam':
      return new Adam(optimizer);
    case 'adamw':
      return new AdamW(optimizer);
    case 'sgd':
      return new SGD(optimizer);
  }
}

export function lossOptions({ loss, model }: TrainingConfig): KeypointLossOptions {
  return {
    sigma: loss.sigma,
    lambda: loss.lambda,
    grid: model.grid,
    reduction: loss.reduction,
    divergence: loss.regularizer,
    normalised: loss.target === 'normalised',
  };
}

export type Checkpoint = 'best' | 'last';

export function checkpointFile(checkpoint: Checkpoint): string {
  return `${checkpoint}.safetensors`;
}

/**
 * The model of a run with its trained weights.
 *
 * @throws RunError where the folder holds no such checkpoint; ConfigError, WeightsError where its files are damaged
 */
export async function loadRun(
  device: Device,
  folder: string,
  checkpoint: Checkpoint = 'best',
): Promise<{ config: TrainingConfig; model: DsntDeepUNet; metadata: Record<string, string> }> {
  const path = join(folder, checkpointFile(checkpoint));
  let bytes: Uint8Array;
  try {
    bytes = await readFile(path);
  } catch (cause) {
    throw new RunError(
      `${folder} holds no trained model (${path}: ${(cause as NodeJS.ErrnoException).code}); give the folder of a run that npm run train has written.`,
      { cause },
    );
  }
  const config = await loadConfig(join(folder, 'config.json'));
  const model = buildModel(device, config);
  try {
    return { config, model, metadata: importWeights(model, bytes) };
  } catch (error) {
    model.dispose();
    if (!(error instanceof WeightsError)) throw error;
    throw new WeightsError(`${path}: ${error.message}`, { cause: error });
  }
}
