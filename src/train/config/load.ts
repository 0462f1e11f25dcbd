import { readFile } from 'node:fs/promises';
import { ConfigError, parseSettings, resolveConfig } from './config.js';
import { overrideSettings } from './overrides.js';
import type { TrainingConfig } from './schema.js';

/**
 * The configuration in a JSON file.
 *
 * @param assignments settings to put in the place of the file's; see `overrideSettings`
 * @throws ConfigError where the file cannot be read, and as `parseConfig` and `overrideSettings`
 */
export async function loadConfig(file: string, assignments: readonly string[] = []): Promise<TrainingConfig> {
  let json: string;
  try {
    json = await readFile(file, 'utf8');
  } catch (cause) {
    throw new ConfigError(file, [
      `the file cannot be read (${(cause as NodeJS.ErrnoException).code}); check its path.`,
    ]);
  }
  return resolveConfig(overrideSettings(parseSettings(json, file), assignments), file);
}
