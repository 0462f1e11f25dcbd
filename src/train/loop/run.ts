import { rm } from 'node:fs/promises';
import type { Device } from '../../index.js';
import type { TrainingConfig } from '../config/index.js';
import { type LabelledCase, readDataset } from '../dataset/index.js';
import { type ProgressStream, TrainingProgress } from '../progress/index.js';
import { describeRunEnvironment, ENVIRONMENT_FILE, RunFolder } from '../run-folder/index.js';
import { summarizeTrainingSet, TRAINING_SET_FILE } from './evaluate.js';
import { loadNetworkFrames } from './frames.js';
import { type TrainingEvents, type TrainingOutcome, train } from './train.js';

/** Labelled cases to train on and to validate with, where these are not the splits of a data set. */
export interface TrainingCases {
  readonly training: readonly LabelledCase[];
  readonly validation: readonly LabelledCase[];
}

/**
 * The main job: reads a data set, trains by a configuration and leaves everything in a new run folder. A run that ends
 * before its first epoch is done, by an error or by `signal`, leaves no folder.
 *
 * @param data Folder in the IUGC 2025 layout, whose training and validation splits are taken; or the cases themselves.
 * @param out Folder of the run, new or empty.
 * @param stream Where progress is shown.
 * @param signal Stops training after the step that is under way, by throwing its reason.
 */
export async function runTraining(
  device: Device,
  data: string | TrainingCases,
  config: TrainingConfig,
  out: string,
  stream: ProgressStream,
  signal?: AbortSignal,
): Promise<TrainingOutcome> {
  const folder = await RunFolder.create(out, config);
  let epochsDone = 0;
  try {
    const { training, validation } = await loadData(data, config, stream, signal);
    await folder.writeJson(TRAINING_SET_FILE, summarizeTrainingSet(training));
    await folder.writeJson(ENVIRONMENT_FILE, describeRunEnvironment(device));
    const stepsPerEpoch = Math.ceil(training.length / config.training.batchSize);
    const display = openDisplay(stream, config.training.epochs, stepsPerEpoch);
    const endEpoch: TrainingEvents['endEpoch'] = (result) => {
      epochsDone += 1;
      display.events.endEpoch?.(result);
    };
    try {
      const events = { ...display.events, endEpoch };
      return await train({ device, config, training, validation, folder, events, signal });
    } finally {
      display.close();
    }
  } catch (error) {
    // The folder was empty when this run took it. What cannot be removed, such as a mount, stays as empty as it was.
    if (epochsDone === 0) await rm(out, { recursive: true, force: true }).catch(() => {});
    throw error;
  }
}

async function loadData(
  data: string | TrainingCases,
  config: TrainingConfig,
  stream: ProgressStream,
  signal?: AbortSignal,
) {
  const cases = typeof data === 'string' ? await readCases(data) : data;
  stream.write(`reading ${cases.training.length} training and ${cases.validation.length} validation frames\n`);
  const size = config.model.inputSize;
  const training = await loadNetworkFrames(cases.training, size, { signal });
  const validation = await loadNetworkFrames(cases.validation, size, { signal });
  return { training, validation };
}

async function readCases(data: string): Promise<TrainingCases> {
  return { training: await readDataset(data, 'train'), validation: await readDataset(data, 'validation') };
}

/**
 * Lines about what comes before the first step, then the progress of the steps. The first step is not timed with the others:
 * software drivers compile kernels when they first run them, which takes longer than many steps.
 */
function openDisplay(stream: ProgressStream, epochs: number, stepsPerEpoch: number) {
  let progress: TrainingProgress | undefined;
  let begun = 0;
  const events: TrainingEvents = {
    compiling: (done, total) => {
      if (done === total) stream.write(`compiling ${total} kernels and taking the first step\n`);
    },
    note: (text) => stream.write(`note: ${text}\n`),
    beginEpoch: () => {
      begun = performance.now();
      progress?.startEpoch();
    },
    step: (step) => {
      if (progress) {
        progress.step(step);
        return;
      }
      stream.write(`first step done after ${((performance.now() - begun) / 1000).toFixed(1)} s\n`);
      progress = new TrainingProgress({ stream, epochs, stepsPerEpoch });
      progress.startEpoch();
      progress.step({ ...step, images: 0 });
    },
    endEpoch: (result) => progress?.endEpoch(result),
  };
  return { events, close: () => progress?.stop() };
}
