import type { TrainingConfig } from '../config/index.js';
import type { EpochMetrics } from '../loop/index.js';

/** What a search makes small, on the validation frames: mean distance, loss, or error of the angle. */
export const OBJECTIVES = ['apd', 'loss', 'aop'] as const;
export type Objective = (typeof OBJECTIVES)[number];

/** What an epoch came to on the validation frames. */
export type EpochScores = Pick<EpochMetrics, 'epoch' | 'validationApd' | 'validationLoss' | 'validationAopMae'>;

interface Score {
  /** As in "APD 12.30 px". */
  readonly describe: (value: number) => string;
  readonly of: (scores: EpochScores) => number;
}

const SCORES: Readonly<Record<Objective, Score>> = {
  apd: { describe: (value) => `APD ${value.toFixed(2)} px`, of: ({ validationApd }) => validationApd },
  loss: { describe: (value) => `loss ${value.toPrecision(6)}`, of: ({ validationLoss }) => validationLoss },
  // Without a single angle there is no error, and nothing to prefer.
  aop: {
    describe: (value) => `AoP error ${value.toFixed(2)}°`,
    of: ({ validationAopMae }) => validationAopMae ?? Number.NaN,
  },
};

/** What an epoch scores; NaN where it has no score. */
export function scoreOf(objective: Objective, scores: EpochScores): number {
  return SCORES[objective].of(scores);
}

export function describeScore(objective: Objective, value: number): string {
  return SCORES[objective].describe(value);
}

/** The best epoch of a trial, whose weights are kept, is the best by the objective, or by distance for the angle's error. */
export function selectingBy(objective: Objective, config: TrainingConfig): TrainingConfig {
  return { ...config, training: { ...config.training, selectBy: objective === 'loss' ? 'loss' : 'apd' } };
}
