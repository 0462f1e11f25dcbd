import type { TrainingConfig } from '../config/index.js';
import type { LabelledCase } from '../dataset/index.js';
import { framesPerStep } from './batch-source.js';
import { type EpochMetrics, TrainingError } from './training-input.js';

/** Options of a dry run, which checks on a few frames whether training works. */
export interface DryRun {
  /** Number of training frames to overfit and to validate on: any network that can learn can do this. */
  readonly overfit?: number;
  /** One step, one batch of validation and all files: whether everything fits together. */
  readonly fastDevRun?: boolean;
}

/** How a run uses its configuration and its data. */
export interface RunPlan {
  readonly config: TrainingConfig;
  /** How many training and validation frames are used, the first ones. */
  readonly trainingFrames: number;
  readonly validationFrames: number;
  /** Whether the training frames are validated on too. */
  readonly validateOnTraining: boolean;
  /** Passes over the training frames that make an epoch. */
  readonly passes: number;
  readonly stopAfter?: (metrics: EpochMetrics) => boolean;
}

/**
 * Repetitions of the frames, with which an epoch has about as many steps as one of a data set and schedules keep their
 * meaning.
 */
const OVERFIT_PASSES = 50;

/** Pixels of a 512 frame: below it, the network overfits the frames. */
export const OVERFIT_GOAL = 1;

/** @throws TrainingError for contradicting options */
export function planRun(config: TrainingConfig, { overfit, fastDevRun = false }: DryRun = {}): RunPlan {
  const everything = Number.POSITIVE_INFINITY;
  const plan: RunPlan = {
    config,
    trainingFrames: everything,
    validationFrames: everything,
    validateOnTraining: false,
    passes: 1,
  };
  if (fastDevRun && overfit !== undefined) {
    throw new TrainingError('A run can overfit or be a fast dev run, not both; choose one.');
  }
  if (fastDevRun) {
    return {
      ...plan,
      config: { ...config, training: { ...config.training, epochs: 1, divergencePatience: null } },
      trainingFrames: framesPerStep(config),
      validationFrames: config.training.batchSize,
    };
  }
  if (overfit === undefined) return plan;
  if (overfit < 1) throw new TrainingError(`A run cannot overfit ${overfit} frames; give at least 1.`);
  const batchSize = Math.min(config.training.batchSize, overfit);
  return {
    ...plan,
    config: {
      ...config,
      // The mean position of a single frame is its own.
      training: { ...config.training, batchSize, accumulate: 1, divergencePatience: null },
      augmentation: { ...config.augmentation, enabled: false },
    },
    trainingFrames: overfit,
    validateOnTraining: true,
    passes: OVERFIT_PASSES,
    stopAfter: ({ validationApd }) => validationApd < OVERFIT_GOAL,
  };
}

/** The cases that are used of those there are. @throws TrainingError where there are fewer than are to be overfitted */
export function casesOf<Case extends LabelledCase>(
  plan: RunPlan,
  { training, validation }: { readonly training: readonly Case[]; readonly validation: readonly Case[] },
): { training: readonly Case[]; validation: readonly Case[] } {
  if (plan.validateOnTraining && training.length < plan.trainingFrames) {
    throw new TrainingError(
      `The training set has ${training.length} frames, and ${plan.trainingFrames} are to be overfitted; ask for fewer.`,
    );
  }
  return {
    training: training.slice(0, plan.trainingFrames),
    validation: validation.slice(0, plan.validationFrames),
  };
}
