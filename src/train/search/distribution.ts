/**
 * What a searched parameter may be: the three kinds of distribution that Optuna knows, under its names and with its
 * meaning.
 *
 * A parameter has two representations, as in Optuna. Its *value* is what a configuration holds: a number, a text, true
 * or false. Its *internal* value is a number: the value itself, or the index of a categorical choice. Samplers and
 * study files work with internal values.
 */

import { z } from 'zod';
import { SondeError } from '../../engine/errors.js';

/** A search that cannot go on: a damaged study file, another search's study, or a space that makes no sense. */
export class SearchError extends SondeError {
  override name = 'SearchError';
}

export const parameterValueSchema = z.union([z.number(), z.string(), z.boolean(), z.null()]);
export type ParameterValue = z.output<typeof parameterValueSchema>;

const bounds = {
  low: z.number(),
  high: z.number(),
  /** Uniform in the logarithm. Excludes a step, or a step other than 1. */
  log: z.boolean(),
};

export const distributionSchema = z.discriminatedUnion('type', [
  /** Step: distance between the values, from `low` on; null: any number from low to high. */
  z.object({ type: z.literal('float'), ...bounds, step: z.number().nullable() }),
  z.object({ type: z.literal('int'), ...bounds, step: z.number() }),
  z.object({ type: z.literal('categorical'), choices: z.array(parameterValueSchema).min(1).readonly() }),
]);
export type Distribution = Readonly<z.output<typeof distributionSchema>>;
export type FloatDistribution = Extract<Distribution, { type: 'float' }>;
export type IntDistribution = Extract<Distribution, { type: 'int' }>;
export type CategoricalDistribution = Extract<Distribution, { type: 'categorical' }>;

/** The parameters of a search by name, in the order in which they are drawn. */
export type Distributions = Readonly<Record<string, Distribution>>;

/** The value that an internal value stands for. */
export function externalValue(distribution: Distribution, internal: number): ParameterValue {
  return distribution.type === 'categorical' ? distribution.choices[internal] : internal;
}

/** The internal value of `value`, or undefined where the distribution does not hold it. */
export function internalValue(distribution: Distribution, value: unknown): number | undefined {
  if (distribution.type === 'categorical') {
    const index = distribution.choices.indexOf(value as ParameterValue);
    return index < 0 ? undefined : index;
  }
  if (typeof value !== 'number' || !(value >= distribution.low && value <= distribution.high)) return undefined;
  if (distribution.type === 'int' && !Number.isInteger(value)) return undefined;
  return value;
}

/** Whether there is nothing to search: a single value. */
export function isSingle(distribution: Distribution): boolean {
  return distribution.type === 'categorical'
    ? distribution.choices.length === 1
    : distribution.low === distribution.high;
}

/** "1e-5 to 1e-3, log", "2 to 16 in steps of 2" or "one of "a", "b"". */
export function describeDistribution(distribution: Distribution): string {
  if (distribution.type === 'categorical') {
    return `one of ${distribution.choices.map((choice) => JSON.stringify(choice)).join(', ')}`;
  }
  const { low, high, log, step } = distribution;
  const whole = distribution.type === 'int' ? 'whole numbers ' : '';
  const stepped = step === null || (distribution.type === 'int' && step === 1) ? '' : ` in steps of ${step}`;
  return `${whole}${low} to ${high}${stepped}${log ? ', logarithmic' : ''}`;
}

/** Optuna's classes. */
const CLASSES = { float: 'FloatDistribution', int: 'IntDistribution', categorical: 'CategoricalDistribution' } as const;

/** A distribution as Optuna writes it: JSON of its class and attributes. */
const optunaDistribution = z.object({
  name: z.enum(Object.values(CLASSES)),
  attributes: z.record(z.string(), z.unknown()),
});

/** Reads a distribution from the text in which a study file holds it. @throws z.ZodError, SyntaxError */
export function parseDistribution(json: string): Distribution {
  const { name, attributes } = optunaDistribution.parse(JSON.parse(json));
  const type = Object.entries(CLASSES).find(([, className]) => className === name)?.[0];
  return distributionSchema.parse({ type, ...attributes });
}

/** The text in which a study file holds a distribution. */
export function formatDistribution({ type, ...attributes }: Distribution): string {
  return JSON.stringify({ name: CLASSES[type], attributes });
}
