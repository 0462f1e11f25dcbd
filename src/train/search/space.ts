import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { ConfigError, overrideSettings, parseSettings, resolveConfig, type TrainingConfig } from '../config/index.js';
import { type Distribution, type Distributions, type ParameterValue, parameterValueSchema } from './distribution.js';

const number = (error: string) => z.number({ error });
const bounds = {
  low: number('the smallest value, a number'),
  high: number('the largest value, a number'),
  log: z.boolean({ error: 'true or false' }).default(false),
};
const positiveStep = 'a number above 0, or nothing at all';

const float = z
  .strictObject({
    type: z.literal('float'),
    ...bounds,
    step: number(positiveStep).positive({ error: positiveStep }).nullable().default(null),
  })
  .refine(({ log, step }) => !log || step === null, { error: 'either log or step, not both' });
const int = z
  .strictObject({
    type: z.literal('int'),
    ...bounds,
    low: z.int({ error: 'a whole number' }),
    high: z.int({ error: 'a whole number' }),
    step: z.int({ error: 'a whole number above 0' }).positive({ error: 'a whole number above 0' }).default(1),
  })
  .refine(({ log, step }) => !log || step === 1, { error: 'either log or step, not both' })
  .refine(({ log, low }) => !log || low >= 1, { error: 'low of at least 1 where log is true' });
const categorical = z.strictObject({
  type: z.literal('categorical'),
  choices: z
    .array(parameterValueSchema, { error: 'choices in brackets' })
    .min(1, { error: 'at least one choice' })
    .refine((choices) => new Set(choices).size === choices.length, { error: 'choices that differ' }),
});
const parameter = z
  .discriminatedUnion('type', [float, int, categorical], { error: 'a type: "float", "int" or "categorical"' })
  .refine((it) => it.type === 'categorical' || it.low <= it.high, { error: 'low no larger than high' })
  .refine((it) => it.type !== 'float' || !it.log || it.low > 0, { error: 'low above 0 where log is true' });
const spaceSchema = z
  .record(z.string(), parameter, { error: 'an object in braces: a distribution for each setting' })
  .refine((space) => Object.keys(space).length > 0, { error: 'at least one setting to search' });

const linear = (low: number, high: number) => ({ type: 'float', low, high, log: false, step: null }) as const;

/** What the paper searched, on ranges around what it found: learning rate, λ, σ and the largest gradient norm. */
const PAPER_SPACE: Distributions = {
  'optimizer.learningRate': { ...linear(1e-5, 1e-3), log: true },
  'loss.lambda': { ...linear(0.1, 10), log: true },
  'loss.sigma': linear(1, 4),
  'optimizer.clipNorm': linear(0.1, 5),
};

/** The paper's parameters, those that this configuration has: a heatmap loss has no λ. */
export function defaultSpace(config: TrainingConfig): Distributions {
  return Object.fromEntries(Object.entries(PAPER_SPACE).filter(([name]) => settingOf(config, name) !== undefined));
}

/**
 * A search space from the text of a JSON file: under the name of each setting, such as `optimizer.learningRate`, its
 * distribution: `{ "type": "float", "low": 1e-5, "high": 1e-3, "log": true }`, with `step` instead of `log` where
 * wanted; the same with "int"; or `{ "type": "categorical", "choices": ["linspace", "pixel-centre"] }`.
 *
 * @throws ConfigError
 */
export function parseSpace(json: string, source = 'search space'): Distributions {
  const result = spaceSchema.safeParse(parseSettings(json, source));
  if (!result.success) {
    throw new ConfigError(
      source,
      result.error.issues.map((issue) =>
        issue.code === 'unrecognized_keys'
          ? `${issue.path.join('.')}: ${issue.keys.join(', ')} is no part of a distribution; remove it.`
          : `${issue.path.join('.') || 'the search space'}: give ${issue.message}.`,
      ),
    );
  }
  return Object.fromEntries(
    Object.entries(result.data).map(([name, distribution]) => [name, wholeSteps(distribution)]),
  );
}

/** @throws ConfigError where the file cannot be read, and as `parseSpace` */
export async function loadSpace(file: string): Promise<Distributions> {
  let json: string;
  try {
    json = await readFile(file, 'utf8');
  } catch (cause) {
    throw new ConfigError(file, [
      `the file cannot be read (${(cause as NodeJS.ErrnoException).code}); check its path.`,
    ]);
  }
  return parseSpace(json, file);
}

/** As Optuna does: where the range is no whole number of steps, its upper end is the last step within. */
function wholeSteps(distribution: Distribution): Distribution {
  if (distribution.type === 'categorical' || distribution.step === null) return distribution;
  const { low, high, step } = distribution;
  const steps = Math.floor((high - low) / step + 1e-9);
  return { ...distribution, high: Number((low + steps * step).toPrecision(12)) };
}

/**
 * Checks that the configuration takes every end of every range and every choice.
 *
 * @throws ConfigError which says what setting cannot be searched so
 */
export function checkSpace(distributions: Distributions, config: TrainingConfig): void {
  for (const [name, distribution] of Object.entries(distributions)) {
    const values = distribution.type === 'categorical' ? distribution.choices : [distribution.low, distribution.high];
    for (const value of values) configOf(config, { [name]: value });
  }
}

/** A configuration with these parameters in it. @throws ConfigError */
export function configOf(config: TrainingConfig, parameters: Readonly<Record<string, ParameterValue>>): TrainingConfig {
  const assignments = Object.entries(parameters).map(([name, value]) => `${name}=${JSON.stringify(value)}`);
  try {
    return resolveConfig(overrideSettings(config, assignments), 'search space');
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw new ConfigError('search space', error.problems);
  }
}

/** The settings that a search leaves as they are, by name: what its values depend on. */
export function fixedSettings(config: TrainingConfig, distributions: Distributions): Record<string, unknown> {
  const settings: Record<string, unknown> = {};
  const collect = (value: unknown, name: string) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) settings[name] = value;
    else for (const [key, part] of Object.entries(value)) collect(part, name === '' ? key : `${name}.${key}`);
  };
  collect(config, '');
  for (const name of Object.keys(distributions)) delete settings[name];
  return settings;
}

function settingOf(config: TrainingConfig, name: string): unknown {
  return fixedSettings(config, {})[name];
}
