import type { Device } from '../../index.js';
import type { TrainingConfig } from '../config/index.js';
import { readDataset } from '../dataset/index.js';
import { type ProgressStream, TrainingProgress } from '../progress/index.js';
import { RunFolder } from '../run-folder/index.js';
import { summarizeTrainingSet, TRAINING_SET_FILE } from './evaluate.js';
import { loadNetworkFrames } from './frames.js';
import { type TrainingOutcome, train } from './train.js';

/**
 * The main job: reads a data set, trains by a configuration and leaves everything in a new run folder.
 *
 * @param data Folder in the IUGC 2025 layout.
 * @param out Folder of the run, new or empty.
 * @param stream Where progress is shown.
 */
export async function runTraining(
  device: Device,
  data: string,
  config: TrainingConfig,
  out: string,
  stream: ProgressStream,
): Promise<TrainingOutcome> {
  const cases = { training: await readDataset(data, 'train'), validation: await readDataset(data, 'validation') };
  const size = config.model.inputSize;
  const training = await loadNetworkFrames(cases.training, size);
  const validation = await loadNetworkFrames(cases.validation, size);
  const folder = await RunFolder.create(out, config);
  await folder.writeJson(TRAINING_SET_FILE, summarizeTrainingSet(training));
  const { epochs, batchSize } = config.training;
  const stepsPerEpoch = Math.ceil(training.length / batchSize);
  const progress = new TrainingProgress({ stream, epochs, stepsPerEpoch });
  try {
    return await train({
      device,
      config,
      training,
      validation,
      folder,
      events: {
        note: (text) => stream.write(`note: ${text}\n`),
        beginEpoch: () => progress.startEpoch(),
        step: (step) => progress.step(step),
        endEpoch: (result) => progress.endEpoch(result),
      },
    });
  } finally {
    progress.stop();
  }
}
