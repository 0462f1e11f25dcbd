/**
 * The lines of a study file: Optuna's journal, one JSON object per line, each an operation on the studies and trials of
 * the file. Studies and trials have no ids of their own: a reader counts them in order of creation.
 */
import JSON5 from 'json5';
import { z } from 'zod';
import { SearchError } from '../distribution.js';

export const OPERATION = {
  createStudy: 0,
  deleteStudy: 1,
  setStudyUserAttribute: 2,
  setStudySystemAttribute: 3,
  createTrial: 4,
  setTrialParameter: 5,
  setTrialState: 6,
  setIntermediateValue: 7,
  setTrialUserAttribute: 8,
  setTrialSystemAttribute: 9,
} as const;

/** A trial's state, by its code. */
export const STATES = ['running', 'complete', 'pruned', 'failed', 'waiting'] as const;

/** The direction of a study that makes its values small. */
export const MINIMISE = 1;

const attributes = z.record(z.string(), z.unknown());
const anyNumber = z.custom<number>((value) => typeof value === 'number', { error: 'expected a number' });
const index = z.int().min(0);
const time = z.string().nullish();
const state = z.int().min(0).max(4);
const values = z.array(anyNumber).nullish();

function operation<const Code extends number, Shape extends z.core.$ZodLooseShape>(code: Code, shape: Shape) {
  return z.looseObject({ op_code: z.literal(code), worker_id: z.string(), ...shape });
}

const record = z.discriminatedUnion('op_code', [
  operation(OPERATION.createStudy, { study_name: z.string(), directions: z.array(z.int()).min(1) }),
  operation(OPERATION.deleteStudy, { study_id: index }),
  operation(OPERATION.setStudyUserAttribute, { study_id: index, user_attr: attributes }),
  operation(OPERATION.setStudySystemAttribute, { study_id: index, system_attr: attributes }),
  operation(OPERATION.createTrial, {
    study_id: index,
    datetime_start: time,
    // What follows is there for a trial that is added from a template, such as one that waits.
    state: state.optional(),
    value: anyNumber.nullish(),
    values,
    datetime_complete: time,
    distributions: z.record(z.string(), z.string()).optional(),
    params: z.record(z.string(), anyNumber).optional(),
    user_attrs: attributes.optional(),
    system_attrs: attributes.optional(),
    intermediate_values: z.record(z.string(), anyNumber).optional(),
  }),
  operation(OPERATION.setTrialParameter, {
    trial_id: index,
    param_name: z.string(),
    param_value_internal: anyNumber,
    distribution: z.string(),
  }),
  operation(OPERATION.setTrialState, {
    trial_id: index,
    state,
    values,
    datetime_start: time,
    datetime_complete: time,
  }),
  operation(OPERATION.setIntermediateValue, { trial_id: index, step: z.int(), intermediate_value: anyNumber }),
  operation(OPERATION.setTrialUserAttribute, { trial_id: index, user_attr: attributes }),
  operation(OPERATION.setTrialSystemAttribute, { trial_id: index, system_attr: attributes }),
]);

export type JournalRecord = z.output<typeof record>;

/**
 * Reads a line.
 *
 * @param source where the line stands, for error messages
 * @throws SearchError where it is no operation of a journal
 */
export function parseRecord(line: string, source: string): JournalRecord {
  let parsed: unknown;
  try {
    parsed = parseJson(line);
  } catch {
    throw unreadable(source, 'it is not JSON');
  }
  const result = record.safeParse(parsed);
  if (result.success) return result.data;
  const [problem] = result.error.issues;
  throw unreadable(source, `${problem.path.join('.') || 'the line'}: ${problem.message}`);
}

function unreadable(source: string, reason: string): SearchError {
  return new SearchError(
    `${source} is no record of an Optuna journal (${reason}); the file is damaged or written by a newer Optuna: restore it ` +
      'from a copy, or search into another folder.',
  );
}

/** Python writes NaN, Infinity and -Infinity where JSON has nothing; JSON5 has them too. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (!/NaN|Infinity/.test(text)) throw error;
    return JSON5.parse(text);
  }
}

/** A line without its end, as Python would write it. */
export function formatRecord(record: JournalRecord): string {
  // A text that no attribute can hold stands for each number that JSON lacks.
  const text = JSON.stringify(record, (_, value) =>
    typeof value === 'number' && !Number.isFinite(value) ? `\u0000${value}\u0000` : value,
  );
  return text.replace(/"\\u0000(-?Infinity|NaN)\\u0000"/g, '$1');
}

/** A moment as Optuna writes it: ISO 8601 with microseconds, in UTC. */
export function formatTime(time: Date): string {
  return time.toISOString().replace('Z', '000+00:00');
}
