/** What a search has come to, for people and for the report: read from its study file. */
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { type Distributions, distributionSchema, parameterValueSchema, SearchError } from './distribution.js';
import { parameterImportance } from './importance.js';
import { Journal } from './journal/journal.js';
import { OBJECTIVES } from './objective.js';
import { bestOf, parametersOf, purposeOf, STUDY_FILE, STUDY_NAME } from './study.js';
import type { Trial } from './trial.js';

const trialSchema = z.object({
  /** From 0, in order of creation. */
  number: z.int(),
  state: z.enum(['running', 'complete', 'pruned', 'failed', 'waiting']),
  /** What the objective came to; of a pruned trial the last it had reported; null where there is none. */
  value: z.number().nullable(),
  /** As in a configuration, by setting: `optimizer.learningRate`. */
  parameters: z.record(z.string(), parameterValueSchema),
  /** What was reported after each epoch, in order; null for NaN or infinity. */
  reports: z.array(z.object({ epoch: z.int(), value: z.number().nullable() })),
  /** ISO 8601; null where it has not begun, or not ended. */
  started: z.string().nullable(),
  ended: z.string().nullable(),
  /** Why it failed or was stopped. */
  reason: z.string().nullable(),
});

export const searchSummarySchema = z.object({
  /**
   * What is made small: validation APD in px of a 512 frame, validation loss, or validation error of the angle in
   * degrees.
   */
  objective: z.enum(OBJECTIVES),
  /** What was searched, by setting: range or choices, as in a search space file. */
  space: z.record(z.string(), distributionSchema),
  trials: z.array(trialSchema),
  /** Number of the trial with the smallest value; null before one is complete. */
  best: z.int().nullable(),
  /**
   * Share of the variation of the value that each parameter explains by itself; null while too few trials are complete.
   */
  importance: z.record(z.string(), z.number()).nullable(),
});
/** What a search has come to. */
export type SearchSummary = z.output<typeof searchSummarySchema>;

/** Whether a folder is one of a search. */
export async function isSearchFolder(folder: string): Promise<boolean> {
  return access(join(folder, STUDY_FILE)).then(
    () => true,
    () => false,
  );
}

/**
 * What the search in a folder has come to, also while it runs. @throws SearchError where there is none, or its file is
 * damaged
 */
export async function readSearch(folder: string): Promise<SearchSummary> {
  const path = join(folder, STUDY_FILE);
  if (!(await isSearchFolder(folder))) {
    throw new SearchError(`${path} does not exist; give the folder of a search, as npm run search writes it.`);
  }
  const journal = new Journal(path);
  await journal.sync();
  const study = journal.studies().find(({ name }) => name === STUDY_NAME);
  const purpose = study && purposeOf(study);
  const objective = z.enum(OBJECTIVES).safeParse(purpose?.conditions.objective);
  if (study === undefined || purpose === undefined || !objective.success) {
    throw new SearchError(`${path} holds no search that npm run search has begun; open it with Optuna.`);
  }
  return summarizeTrials(objective.data, purpose.distributions, study.trials);
}

function summarizeTrials(
  objective: SearchSummary['objective'],
  distributions: Distributions,
  trials: readonly Trial[],
): SearchSummary {
  return {
    objective,
    space: { ...distributions },
    trials: trials.map(describeTrial),
    best: bestOf(trials)?.number ?? null,
    importance: parameterImportance(trials, distributions) ?? null,
  };
}

function describeTrial(trial: Trial): SearchSummary['trials'][number] {
  const { number, state, value, intermediateValues, started, completed, userAttributes } = trial;
  const { reason, stopped } = userAttributes;
  return {
    number,
    state,
    value: finite(value),
    parameters: parametersOf(trial),
    reports: [...intermediateValues]
      .sort(([a], [b]) => a - b)
      .map(([epoch, report]) => ({ epoch, value: finite(report) })),
    started: started ?? null,
    ended: completed ?? null,
    reason: reason === undefined && stopped === undefined ? null : String(reason ?? stopped),
  };
}

function finite(value: number | undefined): number | null {
  return value !== undefined && Number.isFinite(value) ? value : null;
}
