import { readFile } from 'node:fs/promises';
import { ConfigError, parseConfig } from './config.js';
import type { TrainingConfig } from './schema.js';

/**
 * The configuration in a JSON file.
 *
 * @throws ConfigError where the file cannot be read, and as `parseConfig`
 */
export async function loadConfig(file: string): Promise<TrainingConfig> {
  let json: string;
  try {
    json = await readFile(file, 'utf8');
  } catch (cause) {
    throw new ConfigError(file, [
      `the file cannot be read (${(cause as NodeJS.ErrnoException).code}); check its path.`,
    ]);
  }
  return parseConfig(json, file);
}
