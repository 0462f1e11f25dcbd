/** What a study writes to its journal: one function for each thing that happens to a trial. */
import { type Distributions, formatDistribution, internalValue } from './distribution.js';
import type { Operation } from './journal/journal.js';
import { formatTime, OPERATION, STATES } from './journal/record.js';
import { lastReport, type Trial, type TrialState } from './trial.js';

/** User attribute of a trial that was stopped from outside: why. */
const STOPPED = 'stopped';
/** System attribute under which Optuna keeps parameters that a waiting trial is to have. */
const FIXED = 'fixed_params';
/** System attributes under which Optuna keeps which trials a trial repeats: the first, and all of them. */
const REPEATED_FIRST = 'failed_trial';
const REPEATED = 'retry_history';
/** System attribute: how many processes have died of the parameters. */
const DEATHS = 'deaths';
/** A process that dies this often with the same parameters may well die of them. */
const MOST_DEATHS = 3;

export function createTrial(studyId: number): Operation {
  return { op_code: OPERATION.createTrial, study_id: studyId, datetime_start: formatTime(new Date()) };
}

/** Starts a trial that waits. */
export function claimTrial({ id }: Trial): Operation {
  return {
    op_code: OPERATION.setTrialState,
    trial_id: id,
    state: STATES.indexOf('running'),
    values: null,
    datetime_start: formatTime(new Date()),
  };
}

/** Gives a trial the parameters that it has not got yet: those fixed for it, and for the rest those suggested. */
export function setParameters(
  { id, internals, systemAttributes: attributes }: Trial,
  distributions: Distributions,
  suggested: Readonly<Record<string, number>>,
): Operation[] {
  const fixed = (attributes[FIXED] ?? {}) as Readonly<Record<string, unknown>>;
  return Object.entries(distributions)
    .filter(([name]) => !(name in internals))
    .map(([name, distribution]) => ({
      op_code: OPERATION.setTrialParameter,
      trial_id: id,
      param_name: name,
      param_value_internal: internalValue(distribution, fixed[name]) ?? suggested[name],
      distribution: formatDistribution(distribution),
    }));
}

export function reportValue({ id }: Trial, step: number, value: number): Operation {
  return { op_code: OPERATION.setIntermediateValue, trial_id: id, step, intermediate_value: value };
}

/** One for each attribute, as Optuna writes them. */
export function systemAttributes({ id }: Trial, attributes: Readonly<Record<string, unknown>>): Operation[] {
  return Object.entries(attributes).map(([key, value]) => ({
    op_code: OPERATION.setTrialSystemAttribute,
    trial_id: id,
    system_attr: { [key]: value },
  }));
}

/** @param value of a complete trial, a number; that of a pruned one is the last it has reported */
export function finishTrial(
  trial: Trial,
  state: Extract<TrialState, 'complete' | 'pruned' | 'failed'>,
  value = state === 'pruned' ? lastReport(trial)?.value : undefined,
  userAttributes: Readonly<Record<string, unknown>> = {},
): Operation[] {
  const attributes = Object.entries(userAttributes).map(([key, attribute]) => ({
    op_code: OPERATION.setTrialUserAttribute,
    trial_id: trial.id,
    user_attr: { [key]: attribute },
  }));
  const known = value !== undefined && !Number.isNaN(value);
  const end: Operation = {
    op_code: OPERATION.setTrialState,
    trial_id: trial.id,
    state: STATES.indexOf(state),
    values: known ? [value] : null,
    datetime_complete: formatTime(new Date()),
  };
  return [...attributes, end];
}

/**
 * Marks a trial as failed because it was stopped from outside, and makes one that waits with the same parameters, as
 * Optuna's RetryFailedTrialCallback does. A trial that had no parameters yet leaves none behind; one whose process has
 * died several times is not tried again and counts as failed.
 */
export function handBackTrial(studyId: number, trial: Trial, reason: string, byDeath = false): Operation[] {
  const { number, internals, distributions, systemAttributes: attributes } = trial;
  const deaths = Number(attributes[DEATHS] ?? 0) + Number(byDeath);
  if (deaths >= MOST_DEATHS) return finishTrial(trial, 'failed', undefined, { reason: `${reason}, ${deaths} times` });
  const end = finishTrial(trial, 'failed', undefined, { [STOPPED]: reason });
  if (Object.keys(internals).length === 0) return end;
  const again: Operation = {
    op_code: OPERATION.createTrial,
    study_id: studyId,
    datetime_start: null,
    state: STATES.indexOf('waiting'),
    value: null,
    values: null,
    distributions: Object.fromEntries(
      Object.entries(distributions).map(([name, distribution]) => [name, formatDistribution(distribution)]),
    ),
    params: { ...internals },
    user_attrs: {},
    system_attrs: {
      [REPEATED_FIRST]: attributes[REPEATED_FIRST] ?? number,
      [REPEATED]: [...repeatedBy(trial), number],
      [DEATHS]: deaths,
    },
    intermediate_values: {},
  };
  return [...end, again];
}

/** Whether a trial was stopped from outside, and so does not count. */
export function wasHandedBack({ userAttributes }: Trial): boolean {
  return STOPPED in userAttributes;
}

/** Numbers of the trials that a trial repeats, the latest last. */
export function repeatedBy({ systemAttributes: attributes }: Trial): readonly number[] {
  return (attributes[REPEATED] ?? []) as readonly number[];
}
