import { SondeError } from '../../engine/errors.js';
import { explain } from './explain.js';
import { type TrainingConfig, trainingConfigSchema, withDependentDefaults } from './schema.js';

/** A configuration that cannot be read, or with settings that do not exist or are out of range. */
export class ConfigError extends SondeError {
  override name = 'ConfigError';
  /** One sentence each. */
  readonly problems: readonly string[];

  /** @param source what the configuration was read from, such as a file name */
  constructor(source: string, problems: readonly string[]) {
    super(problems.length === 1 ? `${source}: ${problems[0]}` : `${source}:\n  ${problems.join('\n  ')}`);
    this.problems = problems;
  }
}

/**
 * Checks settings and fills in the defaults of those not given.
 *
 * @throws ConfigError with every problem: unknown settings by name, wrong ones with path, value and what is allowed
 */
export function resolveConfig(settings: unknown, source = 'configuration'): TrainingConfig {
  const completed = withDependentDefaults(settings);
  const result = trainingConfigSchema.safeParse(completed);
  if (!result.success) throw new ConfigError(source, explain(result.error, completed, trainingConfigSchema));
  return result.data;
}

/**
 * The configuration in the text of a JSON file.
 *
 * @param source what the text was read from, for error messages
 * @throws ConfigError where the text is not JSON, and as `resolveConfig`
 */
export function parseConfig(json: string, source = 'configuration'): TrainingConfig {
  return resolveConfig(parseSettings(json, source), source);
}

/**
 * The settings in the text of a JSON file, not checked yet.
 *
 * @throws ConfigError where the text is not JSON
 */
export function parseSettings(json: string, source: string): unknown {
  try {
    return JSON.parse(json);
  } catch (cause) {
    throw new ConfigError(source, [
      `this is not JSON (${(cause as Error).message}); check its commas, quotes and braces.`,
    ]);
  }
}
