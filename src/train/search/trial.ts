import type { Distributions } from './distribution.js';

export type TrialState = 'running' | 'complete' | 'pruned' | 'failed' | 'waiting';

/** One attempt of a search: parameters, and what came of them. */
export interface Trial {
  /** Counts all trials of a study file. */
  readonly id: number;
  /** Counts the trials of its study, from 0. */
  readonly number: number;
  readonly state: TrialState;
  /** What the search makes small; present where the trial is complete, and where a pruned one had reported a value. */
  readonly value?: number;
  /** Internal values of the parameters by name. */
  readonly internals: Readonly<Record<string, number>>;
  readonly distributions: Distributions;
  /** What was reported on the way, by step. */
  readonly intermediateValues: ReadonlyMap<number, number>;
  readonly userAttributes: Readonly<Record<string, unknown>>;
  readonly systemAttributes: Readonly<Record<string, unknown>>;
  /** ISO 8601, with the zone. */
  readonly started?: string;
  readonly completed?: string;
  /** Who runs or ran it. */
  readonly workerId?: string;
}

export function isFinished({ state }: Pick<Trial, 'state'>): boolean {
  return state === 'complete' || state === 'pruned' || state === 'failed';
}

/** The last step at which a trial reported a value, and the value. */
export function lastReport({
  intermediateValues,
}: Trial): { readonly step: number; readonly value: number } | undefined {
  if (intermediateValues.size === 0) return undefined;
  const step = Math.max(...intermediateValues.keys());
  return { step, value: intermediateValues.get(step) ?? Number.NaN };
}
