import { Adam, AdamW, type Device, type Optimizer, SGD } from '../../index.js';
import { DsntDeepUNet, importWeights, type KeypointLossOptions } from '../../model/index.js';
import type { TrainingConfig } from '../config/index.js';

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

/**
 * The network of a configuration with trained weights.
 *
 * @param weights A safetensors file with PyTorch's names and layouts, as a run's folder holds it.
 * @throws WeightsError where they are damaged or another network's
 */
export function buildTrainedModel(
  device: Device,
  config: TrainingConfig,
  weights: Uint8Array,
): { model: DsntDeepUNet; metadata: Record<string, string> } {
  const model = buildModel(device, config);
  try {
    return { model, metadata: importWeights(model, weights) };
  } catch (error) {
    model.dispose();
    throw error;
  }
}
