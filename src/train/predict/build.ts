import type { Device } from '../../index.js';
import { buildNetwork, type HeatmapNetwork, HeatmapReader, precisionOn } from '../../model/index.js';
import type { TrainingConfig } from '../config/index.js';

/** The network of a configuration, freshly initialized from its seed. */
export function buildModel(device: Device, config: TrainingConfig): HeatmapNetwork {
  const { model, training } = config;
  const options = { ...model, recompute: training.recompute, precision: precisionOn(device, config) };
  return buildNetwork(device, options, training.seed);
}

/** How points are read from the heatmaps of a configuration's network. */
export function buildHeatmapReader({ model }: TrainingConfig, decoding = model.decoding): HeatmapReader {
  return new HeatmapReader(decoding, model.grid);
}
