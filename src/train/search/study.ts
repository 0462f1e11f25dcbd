import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { RandomStream } from '../philox.js';
import {
  type Distributions,
  describeDistribution,
  distributionSchema,
  externalValue,
  type ParameterValue,
  SearchError,
} from './distribution.js';
import { type Append, Journal } from './journal/journal.js';
import { MINIMISE, OPERATION } from './journal/record.js';
import type { StudyRecord } from './journal/replay.js';
import {
  claimTrial,
  createTrial,
  finishTrial,
  handBackTrial,
  reportValue,
  setParameters,
  systemAttributes,
  wasHandedBack,
} from './operations.js';
import type { Pruner } from './pruner.js';
import type { Sampler } from './sampler.js';
import type { Trial } from './trial.js';

/** What a study searches, for whoever opens it again. Must be the same then, parameter by parameter. */
export interface StudyPurpose {
  readonly distributions: Distributions;
  /** Further conditions under which values are comparable, by name, as JSON has them. */
  readonly conditions: Readonly<Record<string, unknown>>;
}

export interface StudyOptions extends StudyPurpose {
  /** The study file, made where there is none. */
  readonly path: string;
  readonly name: string;
  readonly sampler: Sampler;
  readonly pruner: Pruner;
  /** Trials draw from it and from their number. */
  readonly seed: number;
  /** Whether the process that runs a trial has died; see `Workers`. */
  readonly isDead?: (workerId: string) => Promise<boolean>;
  /** Milliseconds; see `withFileLock`. */
  readonly gracePeriod?: number;
}

const purposeSchema = z.object({
  distributions: z.record(z.string(), distributionSchema),
  conditions: z.record(z.string(), z.unknown()),
});

/** What becomes of a trial after a report: it goes on, or is given up, or another process has taken it over. */
export type Verdict = 'continue' | 'prune' | 'lost';

/** Key of the study's attribute that holds its purpose. */
const PURPOSE = 'search';

/** The study file in the folder of a search, and the name of the study in it. */
export const STUDY_FILE = 'journal.log';
export const STUDY_NAME = 'search';

/**
 * A search in progress, in a file that Optuna and its dashboard read too. Values are to be made small. Any number of
 * processes may work on one study at once, and any of them may be killed at any moment: a finished trial is neither
 * lost nor repeated, and a trial whose process has died is marked as failed, and its parameters wait in a new trial to
 * be tried again.
 */
export class Study {
  readonly #journal: Journal;
  readonly #options: StudyOptions;

  private constructor(journal: Journal, options: StudyOptions) {
    this.#journal = journal;
    this.#options = options;
  }

  /** @throws SearchError for a damaged file, or one of another search */
  static async open(options: StudyOptions): Promise<Study> {
    const journal = new Journal(options.path, { gracePeriod: options.gracePeriod });
    const study = new Study(journal, options);
    await journal.exclusively(async (append) => {
      const found = journal.studies().find(({ name }) => name === options.name);
      if (found === undefined) await study.#create(append);
      else checkPurpose(found, options);
      if (purposeOf(study.#record) === undefined) await study.#writePurpose(append);
    });
    return study;
  }

  /** Names this process in the file. */
  get workerId(): string {
    return this.#journal.workerId;
  }

  /** All trials, as of the last call that waited. */
  get trials(): readonly Trial[] {
    return this.#record.trials;
  }

  /** Whether this process has trials that it has not ended. */
  get isRunningTrials(): boolean {
    return this.trials.some((trial) => this.#isMine(trial));
  }

  /** The complete trial with the smallest value, the first of equals. */
  get best(): Trial | undefined {
    return bestOf(this.trials);
  }

  /** Takes in what other processes have written. */
  async sync(): Promise<void> {
    await this.#journal.sync();
  }

  /**
   * The next trial to run: one that waits, or a new one while there are fewer than `limit`. Failed trials count, except
   * those whose process was stopped. First, trials of processes that have died are put back to wait.
   *
   * @returns undefined once there are enough
   */
  async ask(limit: number): Promise<Trial | undefined> {
    return this.#journal.exclusively(async (append) => {
      await this.#takeOverFromTheDead(append);
      const waiting = this.trials.find(({ state }) => state === 'waiting');
      if (waiting === undefined && this.trials.filter((trial) => !wasHandedBack(trial)).length >= limit)
        return undefined;
      if (waiting === undefined) await append([createTrial(this.#record.id)]);
      else await append([claimTrial(waiting)]);
      const trial = waiting === undefined ? this.#journal.lastCreated() : this.#trial(waiting);
      if (trial === undefined) throw new SearchError(`${this.#journal.path} does not keep what is written to it.`);
      const { distributions, sampler, seed } = this.#options;
      const others = this.trials.filter(({ id }) => id !== trial.id);
      const random = new RandomStream('trial', { seed, epoch: 0, index: trial.number });
      await append(setParameters(trial, distributions, sampler.suggest(distributions, others, random)));
      return this.#trial(trial);
    });
  }

  /** Reports a value that a running trial has reached at a step, and asks the pruner. */
  async report(trial: Trial, step: number, value: number): Promise<Verdict> {
    return this.#journal.exclusively(async (append) => {
      if (!this.#isMine(trial)) return 'lost';
      await append([reportValue(trial, step, value)]);
      const { prune, systemAttributes: attributes = {} } = this.#options.pruner.decide(this.#trial(trial), this.trials);
      await append(systemAttributes(trial, attributes));
      return prune ? 'prune' : 'continue';
    });
  }

  /**
   * Ends a trial with what it came to. One that came to NaN has failed, as in Optuna.
   *
   * @returns false where another process has taken it over
   */
  async complete(trial: Trial, value: number): Promise<boolean> {
    if (Number.isNaN(value)) return this.fail(trial, 'its value is NaN');
    return this.#finish(trial, () => finishTrial(trial, 'complete', value));
  }

  /** Ends a trial that is given up; its value is the last it has reported. */
  async prune(trial: Trial): Promise<boolean> {
    return this.#finish(trial, () => finishTrial(this.#trial(trial), 'pruned'));
  }

  /** Ends a trial that cannot come to a value. */
  async fail(trial: Trial, reason: string): Promise<boolean> {
    return this.#finish(trial, () => finishTrial(trial, 'failed', undefined, { reason }));
  }

  /** Ends a trial that was stopped from outside, and puts its parameters back to be tried by whoever comes next. */
  async handBack(trial: Trial, reason: string): Promise<boolean> {
    return this.#finish(trial, () => handBackTrial(this.#record.id, this.#trial(trial), reason));
  }

  /** Runs `body` on the latest state while no other process writes the study. */
  async exclusively<T>(body: () => Promise<T>): Promise<T> {
    return this.#journal.exclusively(body);
  }

  get #record(): StudyRecord {
    const { name } = this.#options;
    const record = this.#journal.studies().find((study) => study.name === name);
    if (record === undefined) throw new SearchError(`${this.#journal.path} no longer holds the study "${name}".`);
    return record;
  }

  #trial({ number }: Trial): Trial {
    return this.trials[number];
  }

  #isMine(trial: Trial): boolean {
    const { state, workerId } = this.#trial(trial);
    return state === 'running' && workerId === this.workerId;
  }

  async #create(append: Append): Promise<void> {
    await append([{ op_code: OPERATION.createStudy, study_name: this.#options.name, directions: [MINIMISE] }]);
  }

  async #writePurpose(append: Append): Promise<void> {
    const { distributions, conditions } = this.#options;
    const purpose = { [PURPOSE]: { distributions, conditions } };
    await append([{ op_code: OPERATION.setStudyUserAttribute, study_id: this.#record.id, user_attr: purpose }]);
  }

  async #takeOverFromTheDead(append: Append): Promise<void> {
    const { isDead } = this.#options;
    for (const trial of this.trials) {
      if (trial.state !== 'running' || trial.workerId === undefined || trial.workerId === this.workerId) continue;
      if (await isDead?.(trial.workerId))
        await append(handBackTrial(this.#record.id, trial, 'its process has died', true));
    }
  }

  async #finish(trial: Trial, operations: () => Parameters<Append>[0]): Promise<boolean> {
    return this.#journal.exclusively(async (append) => {
      if (!this.#isMine(trial)) return false;
      await append(operations());
      return true;
    });
  }
}

/** The complete trial with the smallest value, the first of equals. */
export function bestOf(trials: readonly Trial[]): Trial | undefined {
  const complete = trials.filter((trial) => trial.state === 'complete' && trial.value !== undefined);
  return complete.reduce<Trial | undefined>(
    (best, trial) => (best === undefined || Number(trial.value) < Number(best.value) ? trial : best),
    undefined,
  );
}

/** The parameters of a trial, as a configuration has them. */
export function parametersOf(trial: Trial): Record<string, ParameterValue> {
  return Object.fromEntries(
    Object.entries(trial.internals).map(([name, internal]) => [
      name,
      externalValue(trial.distributions[name], internal),
    ]),
  );
}

/** What a study was begun for; undefined where something else has begun it. */
export function purposeOf({ userAttributes }: StudyRecord): StudyPurpose | undefined {
  const purpose = purposeSchema.safeParse(userAttributes[PURPOSE]);
  return purpose.success ? purpose.data : undefined;
}

/** @throws SearchError where a study is another search's */
function checkPurpose(study: StudyRecord, { path, distributions, conditions }: StudyOptions): void {
  const differs = (what: string) =>
    new SearchError(`${path} holds another search: ${what}; give the settings it was begun with, or another folder.`);
  if (!isDeepStrictEqual(study.directions, [MINIMISE])) throw differs('its values are not to be made small');
  const purpose = purposeOf(study);
  const known = [...(purpose ? [purpose.distributions] : []), ...study.trials.map((trial) => trial.distributions)];
  for (const others of known) {
    for (const [name, distribution] of Object.entries(others)) {
      const mine = distributions[name];
      if (mine === undefined) throw differs(`${name} is searched there and not here`);
      if (!isDeepStrictEqual(plain(distribution), plain(mine))) {
        throw differs(`${name} is ${describeDistribution(distribution)} there and ${describeDistribution(mine)} here`);
      }
    }
  }
  const missing = Object.keys(distributions).find((name) => purpose !== undefined && !(name in purpose.distributions));
  if (missing !== undefined) throw differs(`${missing} is searched here and not there`);
  for (const name of purpose ? new Set([...Object.keys(purpose.conditions), ...Object.keys(conditions)]) : []) {
    const [there, here] = [purpose?.conditions[name], plain(conditions[name])];
    if (!isDeepStrictEqual(there, here)) {
      throw differs(
        `${name} is ${JSON.stringify(there) ?? 'not set'} there and ${JSON.stringify(here) ?? 'not set'} here`,
      );
    }
  }
}

/** What is left of a value after a way through JSON. */
function plain(value: unknown): unknown {
  return value === undefined ? undefined : JSON.parse(JSON.stringify(value));
}
