import { compile, type Device, openDevice, type Tensor } from '../../../src/index.js';
import { exportWeights } from '../../../src/model/index.js';
import { buildModel, resolveConfig, type TrainedRun } from '../../../src/train/index.js';
import { sharedDevice } from '../../support/device.js';
import { phantomFrames } from '../../train/loop/phantom-frames.js';

export const SIZE = 32;

const config = resolveConfig({ model: { base: 2, depth: 3, inputSize: SIZE }, training: { seed: 5 } });

let made: Promise<TrainedRun> | undefined;

/** Batches after which running statistics, of which a tenth is new after each, are those of the batches. */
const PASSES = 40;

/** What makes the heatmaps of an untrained network narrow. */
const SHARPENING = 6;

/**
 * A run as it is read from its folder, of a network that is small and untrained. Its statistics are those of frames and
 * its heatmaps are narrow, so that where it puts the landmarks depends on what a frame shows.
 */
export function smallRun(): Promise<TrainedRun> {
  made ??= (async () => {
    const device = await sharedDevice();
    const model = buildModel(device, config);
    const frames = phantomFrames(6, SIZE).map(({ pixels }) => pixels);
    const images = device.tensor(
      frames.flatMap((pixels) => [...pixels]),
      [frames.length, SIZE, SIZE, 1],
    );
    const pass = compile((batch: Tensor) => model.logits(batch, { training: true }));
    for (let i = 0; i < PASSES; i++) (await pass(images)).dispose();
    pass.dispose();
    images.dispose();
    const head = model.named().find(({ name }) => name === 'head.weight')?.tensor;
    head?.write((await head.data()).map((value) => SHARPENING * value));
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
