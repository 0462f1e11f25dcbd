import { existsSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Device } from '../../index.js';
import { STATE_FILE } from '../checkpoint/index.js';
import type { TrainingConfig } from '../config/index.js';
import type { NetworkFrame, TrainingCases } from '../dataset/frames.js';
import type { DataSource } from '../dataset/index.js';
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
import {
  combineCorrections,
  describeCorrections,
  readSeenCorrections,
  SEEN_CORRECTIONS_FILE,
  type SeenCorrection,
} from '../run-folder/seen-corrections.js';
import { summarizeTrainingSet, TRAINING_SET_FILE } from '../run-folder/training-set.js';
import { attainableApd } from './attainable.js';
import { type DryRun, OVERFIT_GOAL, planRun } from './dry-run.js';
import { type InitialWeights, type InitialWeightsSource, readInitialWeights } from './initial-weights.js';
import { loadTrainingData } from './load-data.js';
import { train } from './train.js';
import { openTrainingDisplay } from './training-display.js';
import type { TrainingInput, TrainingOutcome } from './training-input.js';

export interface RunInput extends DryRun {
  readonly device: Device;
  /**
   * Folder in the IUGC 2025 layout, whose training and validation splits are taken; or several of them, with weights;
   * or the cases themselves.
   */
  readonly data: string | readonly DataSource[] | TrainingCases;
  /** Weights to start from; else the network is initialized from the seed. */
  readonly init?: InitialWeightsSource;
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
    const initial = await initialWeights(input);
    const init = initial
      ? { weights: resolve(initial.path), layers: initial.layers, sha256: initial.sha256 }
      : input.init;
    const sources = sourcesOf(data);
    await folder.writeJson(RUN_FILE, {
      data: sources?.map((source) => ({ ...source, folder: resolve(source.folder) })),
      init,
      overfit,
      fastDevRun,
    });
    const loaded = await loadTrainingData(sources ?? (data as TrainingCases), plan, stream, signal);
    const { training, validation, weights, sets } = loaded;
    await folder.writeJson(TRAINING_SET_FILE, { ...summarizeTrainingSet(training), sets });
    await recordCorrections(folder, loaded.corrections, init, stream);
    await folder.writeJson(ENVIRONMENT_FILE, describeRunEnvironment(input.device));
    if (plan.validateOnTraining) await tellAttainable(input.device, plan.config, training, stream);
    const { events, close } = openTrainingDisplay(stream, plan.config.training.epochs);
    let outcome: TrainingOutcome;
    try {
      outcome = await train({ ...input, ...plan, training, weights, validation, initial, folder, events });
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
  stream.write(`perfect heatmaps of these frames would be decoded ${apd.toFixed(2)} px from the truth${remedy}\n`);
}

/** The data sets that a run reads; undefined where it is given cases. */
function sourcesOf(data: RunInput['data']): readonly DataSource[] | undefined {
  if (typeof data === 'string') return [{ folder: data, weight: 1 }];
  return 'training' in data ? undefined : data;
}

/** Read only where they are needed: a state that is resumed from has weights of its own. */
async function initialWeights({ init, out }: RunInput): Promise<InitialWeights | undefined> {
  return init && !canResume(out) ? readInitialWeights(init) : undefined;
}

/** Says, and leaves in the folder, which corrections the weights will have seen. */
async function recordCorrections(
  folder: RunFolder,
  own: readonly SeenCorrection[],
  init: InitialWeightsSource | undefined,
  stream: ProgressStream,
): Promise<void> {
  // What an earlier process has recorded stands, wherever the weights that it started from are now.
  const before = await readSeenCorrections(folder.path);
  const known = init && before.trained.length + before.inherited.length === 0;
  const all = combineCorrections(own, known ? await readSeenCorrections(init.weights) : before);
  if (all.trained.length + all.inherited.length === 0) return;
  await folder.writeJson(SEEN_CORRECTIONS_FILE, all);
  stream.write(`note: ${describeCorrections(all)}\n`);
}
