import { z } from 'zod';
import type { SourceFolder } from './file.js';

/** Settings by their path, as in "loss.sigma", with their values as JSON. */
export type Settings = ReadonlyMap<string, string>;

/** The settings of a configuration, whatever version has written it. */
export async function readSettings(folder: SourceFolder, file = 'config.json'): Promise<Settings> {
  const config = await folder.json(file, z.record(z.string(), z.unknown()), ': its settings are unknown.');
  return flatten(config ?? {});
}

function flatten(section: object, path = ''): Map<string, string> {
  const settings = new Map<string, string>();
  for (const [key, value] of Object.entries(section)) {
    const setting = path === '' ? key : `${path}.${key}`;
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      settings.set(setting, JSON.stringify(value));
    else for (const [inner, text] of flatten(value, setting)) settings.set(inner, text);
  }
  return settings;
}
