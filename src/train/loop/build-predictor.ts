import type { Device } from '../../index.js';
import type { Decoding, HeatmapDecoder, HeatmapNetwork } from '../../model/index.js';
import { Predictor, type PredictorOptions } from '../../model/predictor.js';
import type { TrainingConfig } from '../config/index.js';
import { buildDecoder } from './build.js';

/** What predicts with a trained model as its configuration says, or with another decoding. */
export function buildPredictor(
  device: Device,
  config: TrainingConfig,
  model: HeatmapNetwork,
  options: Partial<Pick<PredictorOptions, 'batchSize' | 'onCompile'>> & { readonly decoding?: Decoding } = {},
): Predictor {
  const decoder = buildDecoder(config, options.decoding);
  return new Predictor(device, model, {
    size: config.model.inputSize,
    decoder,
    heatmaps: heatmapsOf(config, decoder),
    batchSize: options.batchSize ?? config.training.batchSize,
    onCompile: options.onCompile,
  });
}

/** What the heatmaps of a configuration's network are, as they are read. */
export function heatmapsOf({ loss }: TrainingConfig, { decoding }: HeatmapDecoder): 'probabilities' | 'scores' {
  // DSNT takes any heatmap for the logarithm of a distribution.
  return loss.name === 'heatmap' && decoding !== 'dsnt' ? 'scores' : 'probabilities';
}
