import { type Device, openDevice } from '../../../src/index.js';
import { exportWeights } from '../../../src/model/index.js';
import { buildModel, resolveConfig, type TrainedRun } from '../../../src/train/index.js';
import { sharedDevice } from '../../support/device.js';

export const SIZE = 32;

const config = resolveConfig({ model: { base: 2, depth: 3, inputSize: SIZE }, training: { seed: 5 } });

let made: Promise<TrainedRun> | undefined;

/** A run as it is read from its folder, of a network that is small and untrained. */
export function smallRun(): Promise<TrainedRun> {
  made ??= (async () => {
    const model = buildModel(await sharedDevice(), config);
    const weights = await exportWeights(model, { epoch: '3' });
    model.dispose();
    return { config, weights, path: 'runs/small/best.safetensors' };
  })();
  return made;
}

/** A device that may be lost and closed. */
export function ownDevice(): Promise<Device> {
  return openDevice({ tuning: 'none' });
}
