import { z } from 'zod';
import type { TrainingConfig } from '../config/index.js';

/** What a search makes small, on the validation frames: mean distance, loss, or error of the angle. */
export const OBJECTIVES = ['apd', 'loss', 'aop'] as const;
export type Objective = (typeof OBJECTIVES)[number];

/** Validation scores of an epoch, from the metrics of a run; null where a score is NaN or infinite. */
export const epochScoresSchema = z.object({
  epoch: z.int(),
  validationApd: z.number().nullable(),
  validationLoss: z.number().nullable(),
  validationAopMae: z.number().nullable(),
});
export type EpochScores = z.output<typeof epochScoresSchema>;

interface Score {
  /** As in "APD 12.30 px". */
  readonly describe: (value: number) => string;
  readonly of: (scores: EpochScores) => number | null;
}

const SCORES: Readonly<Record<Objective, Score>> = {
  apd: { describe: (value) => `APD ${value.toFixed(2)} px`, of: ({ validationApd }) => validationApd },
  loss: { describe: (value) => `loss ${value.toPrecision(6)}`, of: ({ validationLoss }) => validationLoss },
  aop: { describe: (value) => `AoP error ${value.toFixed(2)}°`, of: ({ validationAopMae }) => validationAopMae },
};

/** What an epoch scores; NaN where it has no score, as without a single angle. */
export function scoreOf(objective: Objective, scores: EpochScores): number {
  return SCORES[objective].of(scores) ?? Number.NaN;
}

export function describeScore(objective: Objective, value: number): string {
  return SCORES[objective].describe(value);
}

/**
 * The best epoch of a trial, whose weights are kept, is the best by the objective, or by distance for the angle's
 * error.
 */
export function selectingBy(objective: Objective, config: TrainingConfig): TrainingConfig {
  return { ...config, training: { ...config.training, selectBy: objective === 'loss' ? 'loss' : 'apd' } };
}
