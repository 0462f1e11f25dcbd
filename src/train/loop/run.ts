import { existsSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Device } from '../../index.js';
import { STATE_FILE } from '../checkpoint/index.js';
import type { TrainingConfig } from '../config/index.js';
import { loadNetworkFrames, type NetworkFrame, outOfSightNote, type TrainingCases } from '../dataset/frames.js';
import { readDataset } from '../dataset/index.js';
import { calibrateRun } from '../evaluate/calibrate.js';
import type { ProgressStream } from '../progress/index.js';
import {
  DiskFullError,
  describeRunEnvironment,
  ENVIRONMENT_FILE,
  GUARD_FILE,
  RunFolder,
  withGuard,
} from '../run-folder/index.js';
import { RUN_FILE } from '../run-folder/run-start.js';
import { summarizeTrainingSet, TRAINING_SET_FILE } from '../run-folder/training-set.js';
import { attainableApd } from './attainable.js';
import { casesOf, type DryRun, OVERFIT_GOAL, planRun, type RunPlan } from './dry-run.js';
import { train } from './train.js';
import { openTrainingDisplay } from './training-display.js';
import type { TrainingInput, TrainingOutcome } from './training-input.js';

export interface RunInput extends DryRun {
  readonly device: Device;
  /** Folder in the IUGC 2025 layout, whose training and validation splits are taken; or the cases themselves. */
  readonly data: string | TrainingCases;
  readonly config: TrainingConfig;
  /** Folder of the run: new or empty, or an existing one with `resume`. */
  readonly out: string;
  /** Where progress is shown. */
  readonly stream: ProgressStream;
  readonly resume?: boolean;
  /** As `train` asks it. */
  readonly stopAfter?: TrainingInput['stopAfter'];
  /** Calibrate the model's uncertainty on the validation frames in the end; true where nothing is said. */
  readonly calibrate?: boolean;
  /** Stops training after the step that is under way, by throwing its reason. */
  readonly signal?: AbortSignal;
}

/**
 * Trains a network: reads a data set, trains by a configuration and leaves everything in a run folder. A new run that
 * ends before its first checkpoint, by an error or by `signal`, leaves no folder.
 *
 * @throws RunFolderError where another process works in the folder; and as `train`
 */
export async function runTraining(input: RunInput): Promise<TrainingOutcome> {
  return withGuard(input.out, { doing: 'training', create: true }, () => runGuarded(input));
}

async function runGuarded(input: RunInput): Promise<TrainingOutcome> {
  const { data, out, stream, signal, overfit, fastDevRun, resume = false, calibrate = true } = input;
  const plan = planRun(input.config, { overfit, fastDevRun });
  const folder = await RunFolder.create(out, plan.config, { resume });
  try {
    await folder.writeJson(RUN_FILE, {
      data: typeof data === 'string' ? resolve(data) : undefined,
      overfit,
      fastDevRun,
    });
    const { training, validation } = await loadData(data, plan, stream, signal);
    await folder.writeJson(TRAINING_SET_FILE, summarizeTrainingSet(training));
    await folder.writeJson(ENVIRONMENT_FILE, describeRunEnvironment(input.device));
    if (plan.validateOnTraining) await tellAttainable(input.device, plan.config, training, stream);
    const { events, close } = openTrainingDisplay(stream, plan.config.training.epochs);
    let outcome: TrainingOutcome;
    try {
      outcome = await train({ ...input, ...plan, training, validation, folder, events });
    } finally {
      close();
    }
    // Errors on frames that were trained on say nothing of those to come.
    if (calibrate && !plan.validateOnTraining) {
      await calibrateRun(input.device, out, { split: 'validation', frames: validation });
    }
    return outcome;
  } catch (error) {
    if (resume || canResume(out)) throw error;
    // The folder was empty when this run took it. What cannot be removed, such as a mount, stays as empty as it was.
    for (const name of await readdir(out)) {
      if (name !== GUARD_FILE) await rm(join(out, name), { recursive: true, force: true }).catch(() => {});
    }
    throw error instanceof DiskFullError ? error.ofNothingKept() : error;
  }
}

/** Whether a folder holds a state from which a run can go on. */
export function canResume(folder: string): boolean {
  return existsSync(join(folder, STATE_FILE));
}

/** How well a network could do that overfits perfectly, and what to change where that is not well enough. */
async function tellAttainable(
  device: Device,
  config: TrainingConfig,
  training: readonly NetworkFrame[],
  stream: ProgressStream,
): Promise<void> {
  const apd = await attainableApd(device, config, training);
  const remedy = apd < OVERFIT_GOAL ? '' : '; for less, enlarge model.inputSize or change loss.sigma';
  stream.write(`perfect heatmaps of these frames would be read ${apd.toFixed(2)} px from the truth${remedy}\n`);
}

async function loadData(data: RunInput['data'], plan: RunPlan, stream: ProgressStream, signal?: AbortSignal) {
  const { inputSize: size } = plan.config.model;
  const cases = casesOf(plan, typeof data === 'string' ? await readCases(data, plan) : data);
  const [count, others] = [cases.training.length, cases.validation.length];
  const validated = plan.validateOnTraining ? 'frames, validated on themselves' : `and ${others} validation frames`;
  stream.write(`reading ${count} training ${validated}\n`);
  const training = await loadNetworkFrames(cases.training, size, { signal });
  const validation = plan.validateOnTraining ? training : await loadNetworkFrames(cases.validation, size, { signal });
  const notes = [
    outOfSightNote(training, 'training'),
    plan.validateOnTraining ? undefined : outOfSightNote(validation, 'validation'),
  ];
  for (const note of notes) if (note !== undefined) stream.write(`note: ${note}\n`);
  return { training, validation };
}

async function readCases(data: string, plan: RunPlan): Promise<TrainingCases> {
  const training = await readDataset(data, 'train');
  return { training, validation: plan.validateOnTraining ? [] : await readDataset(data, 'validation') };
}
