/**
 * What a searched parameter may be: the three kinds of distribution that Optuna knows, under its names and with its meaning.
 *
 * A parameter has two representations, as in Optuna. Its *value* is what a configuration holds: a number, a text, true or
 * false. Its *internal* value is a number: the value itself, or the index of a categorical choice. Samplers and study files
 * work with internal values.
 */
import { z } from 'zod';

export type ParameterValue = number | string | boolean | null;

export interface FloatDistribution {
  readonly type: 'float';
  readonly low: number;
  readonly high: number;
  /** Uniform in the logarithm. Excludes a step. */
  readonly log: boolean;
  /** Distance between the values, from `low` on; null: any number from low to high. */
  readonly step: number | null;
}

export interface IntDistribution {
  readonly type: 'int';
  readonly low: number;
  readonly high: number;
  readonly log: boolean;
  readonly step: number;
}

export interface CategoricalDistribution {
  readonly type: 'categorical';
  readonly choices: readonly ParameterValue[];
}

export type Distribution = FloatDistribution | IntDistribution | CategoricalDistribution;

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

const bounds = { low: z.number(), high: z.number(), log: z.boolean() };
const choice = z.union([z.number(), z.string(), z.boolean(), z.null()]);

/** A distribution as Optuna writes it: JSON of its class and attributes. */
const optunaDistribution = z.discriminatedUnion('name', [
  z.object({
    name: z.literal('FloatDistribution'),
    attributes: z.object({ ...bounds, step: z.number().nullable() }),
  }),
  z.object({ name: z.literal('IntDistribution'), attributes: z.object({ ...bounds, step: z.number() }) }),
  z.object({ name: z.literal('CategoricalDistribution'), attributes: z.object({ choices: z.array(choice).min(1) }) }),
]);

/** Reads a distribution from the text in which a study file holds it. @throws z.ZodError, SyntaxError */
export function parseDistribution(json: string): Distribution {
  const { name, attributes } = optunaDistribution.parse(JSON.parse(json));
  switch (name) {
    case 'FloatDistribution':
      return { type: 'float', ...attributes };
    case 'IntDistribution':
      return { type: 'int', ...attributes };
    case 'CategoricalDistribution':
      return { type: 'categorical', ...attributes };
  }
}

/** The text in which a study file holds a distribution. */
export function formatDistribution(distribution: Distribution): string {
  if (distribution.type === 'categorical') {
    return JSON.stringify({ name: 'CategoricalDistribution', attributes: { choices: distribution.choices } });
  }
  const { low, high, log, step } = distribution;
  const name = distribution.type === 'float' ? 'FloatDistribution' : 'IntDistribution';
  return JSON.stringify({ name, attributes: { step, low, high, log } });
}
