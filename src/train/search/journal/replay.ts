import { type Distribution, parseDistribution, SearchError } from '../distribution.js';
import { isFinished, type Trial } from '../trial.js';
import { type JournalRecord, OPERATION, STATES } from './record.js';

/** A study as the records so far describe it. */
export interface StudyRecord {
  /** Counts the studies of a file. */
  readonly id: number;
  readonly name: string;
  readonly directions: readonly number[];
  readonly userAttributes: Readonly<Record<string, unknown>>;
  readonly systemAttributes: Readonly<Record<string, unknown>>;
  /** In order of creation. */
  readonly trials: readonly Trial[];
}

type Of<Code extends JournalRecord['op_code']> = Extract<JournalRecord, { op_code: Code }>;

/**
 * What a journal's records amount to. Of processes that contradict one another the first in the file wins, so that all
 * readers come to the same result: a study whose name is taken is not made again, a finished trial does not change, and
 * a waiting trial goes to the first that starts it. Those rules are Optuna's.
 */
export class JournalReplay {
  readonly #studies = new Map<number, Omit<StudyRecord, 'trials'>>();
  /** Trials of all studies, by id. */
  readonly #trials: { readonly studyId: number; trial: Trial }[] = [];
  readonly #lastCreated = new Map<string, number>();
  #studiesMade = 0;

  /** @param source where the record stands, for error messages @throws SearchError */
  apply(record: JournalRecord, source: string): void {
    switch (record.op_code) {
      case OPERATION.createStudy:
        this.#createStudy(record);
        break;
      case OPERATION.deleteStudy:
        this.#studies.delete(record.study_id);
        break;
      case OPERATION.setStudyUserAttribute:
        this.#changeStudy(record.study_id, ({ userAttributes }) => ({
          userAttributes: { ...userAttributes, ...record.user_attr },
        }));
        break;
      case OPERATION.setStudySystemAttribute:
        this.#changeStudy(record.study_id, ({ systemAttributes }) => ({
          systemAttributes: { ...systemAttributes, ...record.system_attr },
        }));
        break;
      case OPERATION.createTrial:
        this.#createTrial(record, source);
        break;
      case OPERATION.setTrialState:
        this.#setState(record, source);
        break;
      default:
        this.#changeTrial(record.trial_id, source, (trial) => changes(trial, record, source));
    }
  }

  /** The studies that have not been deleted. */
  studies(): StudyRecord[] {
    return [...this.#studies.values()].map((study) => ({
      ...study,
      trials: this.#trials.filter(({ studyId }) => studyId === study.id).map(({ trial }) => trial),
    }));
  }

  /** The trial that a worker made last. */
  lastCreatedBy(workerId: string): Trial | undefined {
    const id = this.#lastCreated.get(workerId);
    return id === undefined ? undefined : this.#trials[id].trial;
  }

  #createStudy({ study_name: name, directions }: Of<0>): void {
    if ([...this.#studies.values()].some((study) => study.name === name)) return;
    const id = this.#studiesMade++;
    this.#studies.set(id, { id, name, directions, userAttributes: {}, systemAttributes: {} });
  }

  #changeStudy(id: number, change: (study: Omit<StudyRecord, 'trials'>) => Partial<StudyRecord>): void {
    const study = this.#studies.get(id);
    if (study !== undefined) this.#studies.set(id, { ...study, ...change(study) });
  }

  #createTrial(record: Of<4>, source: string): void {
    const studyId = record.study_id;
    if (!this.#studies.has(studyId)) return;
    const id = this.#trials.length;
    const state = STATES[record.state ?? 0];
    const trial: Trial = {
      id,
      number: this.#trials.filter((other) => other.studyId === studyId).length,
      state,
      value: record.value ?? record.values?.[0],
      internals: record.params ?? {},
      distributions: Object.fromEntries(
        Object.entries(record.distributions ?? {}).map(([name, json]) => [name, readDistribution(json, source)]),
      ),
      intermediateValues: new Map(
        Object.entries(record.intermediate_values ?? {}).map(([step, value]) => [Number(step), value]),
      ),
      userAttributes: record.user_attrs ?? {},
      systemAttributes: record.system_attrs ?? {},
      started: record.datetime_start ?? undefined,
      completed: record.datetime_complete ?? undefined,
      workerId: state === 'waiting' ? undefined : record.worker_id,
    };
    this.#trials.push({ studyId, trial });
    this.#lastCreated.set(record.worker_id, id);
  }

  #setState(record: Of<6>, source: string): void {
    const state = STATES[record.state];
    this.#changeTrial(record.trial_id, source, (trial) => {
      // Whoever was first runs it.
      if (state === 'running' && trial.state !== 'waiting') return {};
      return {
        state,
        value: record.values?.[0] ?? trial.value,
        ...(state === 'running' ? { started: record.datetime_start ?? undefined, workerId: record.worker_id } : {}),
        ...(isFinished({ state }) ? { completed: record.datetime_complete ?? undefined } : {}),
      };
    });
  }

  #changeTrial(id: number, source: string, change: (trial: Trial) => Partial<Trial>): void {
    const entry = this.#trials.at(id);
    if (entry === undefined) {
      throw new SearchError(
        `${source} is about trial ${id} of the file, of which there are ${this.#trials.length}; lines are missing: restore the ` +
          'file from a copy, or search into another folder.',
      );
    }
    if (!isFinished(entry.trial)) entry.trial = { ...entry.trial, ...change(entry.trial) };
  }
}

function changes(trial: Trial, record: Of<5> | Of<7> | Of<8> | Of<9>, source: string): Partial<Trial> {
  switch (record.op_code) {
    case OPERATION.setTrialParameter: {
      const { param_name: name, param_value_internal: internal, distribution } = record;
      return {
        internals: { ...trial.internals, [name]: internal },
        distributions: { ...trial.distributions, [name]: readDistribution(distribution, source) },
      };
    }
    case OPERATION.setIntermediateValue:
      return {
        intermediateValues: new Map(trial.intermediateValues).set(record.step, record.intermediate_value),
      };
    case OPERATION.setTrialUserAttribute:
      return { userAttributes: { ...trial.userAttributes, ...record.user_attr } };
    case OPERATION.setTrialSystemAttribute:
      return { systemAttributes: { ...trial.systemAttributes, ...record.system_attr } };
  }
}

function readDistribution(json: string, source: string): Distribution {
  try {
    return parseDistribution(json);
  } catch (cause) {
    throw new SearchError(
      `${source} has a distribution that is not understood (${json}); only float, integer and categorical ones of Optuna 3 ` +
        'and later are.',
      { cause },
    );
  }
}
