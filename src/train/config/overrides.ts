import { z } from 'zod';
import { ConfigError } from './config.js';
import { explain, settingsOf } from './explain.js';
import { trainingConfigSchema, withDependentDefaults } from './schema.js';

interface Assignment {
  readonly text: string;
  readonly path: readonly string[];
  readonly value: unknown;
}

/** Settings on which depends what else their section may have. */
const VARIANT_KEYS = ['name', 'architecture'];

/**
 * Settings with others put in their place, each given as on a command line: `training.batchSize=4`,
 * `model.preset=pool`, `optimizer.betas=[0.8,0.99]`, `training.earlyStopPatience=null`. A value is read as JSON, and as
 * a text where it is none. Another variant of a section (`schedule.name=constant`) leaves behind those of its settings
 * that only the old one has.
 *
 * @param settings As a configuration file has them.
 * @throws ConfigError for an assignment without "=", of a setting that does not exist, or of a value that it cannot
 *   have
 */
export function overrideSettings(settings: unknown, assignments: readonly string[]): unknown {
  const parsed = assignments.map(parseAssignment);
  const after = parsed.reduce<unknown>((before, { path, value }) => {
    const changed = assign(before, path, value);
    return path.length === 2 && VARIANT_KEYS.includes(path[1]) ? withoutUnknown(changed, path[0]) : changed;
  }, settings);
  for (const assignment of parsed) check(assignment, after);
  return after;
}

function parseAssignment(text: string): Assignment {
  const [, name, value] = /^([^=]*)=(.*)$/s.exec(text) ?? [];
  const path = name?.trim().split('.') ?? [''];
  if (path.includes('')) {
    throw new ConfigError(`--set ${text}`, ['this is no assignment; give setting=value, as in training.epochs=3.']);
  }
  try {
    return { text, path, value: JSON.parse(value) };
  } catch {
    return { text, path, value };
  }
}

/** Checks one assignment by itself, so that a mistake is reported as its own and not as the file's. */
function check({ text, path, value }: Assignment, settings: unknown): void {
  const alone = withDependentDefaults(assign(variantsIn(settings), path, value));
  const result = trainingConfigSchema.safeParse(alone);
  if (result.success) return;
  const own = result.error.issues.filter((issue) => {
    const places = issue.code === 'unrecognized_keys' ? issue.keys.map((key) => [...issue.path, key]) : [issue.path];
    return places.some((place) => beginAlike(place, path));
  });
  if (own.length > 0) {
    throw new ConfigError(`--set ${text}`, explain(new z.ZodError(own), alone, trainingConfigSchema));
  }
}

function beginAlike(a: readonly PropertyKey[], b: readonly PropertyKey[]): boolean {
  const common = Math.min(a.length, b.length);
  return a.slice(0, common).every((key, i) => key === b[i]);
}

/** A copy of `settings` with the value at `path`. */
function assign(settings: unknown, [key, ...rest]: readonly string[], value: unknown): unknown {
  const section = isSection(settings) ? settings : {};
  // A computed key makes a property of any name, `__proto__` too, which the schema then refuses.
  return { ...section, [key]: rest.length === 0 ? value : assign(section[key], rest, value) };
}

/** The variant that each section selects, without its other settings. */
function variantsIn(settings: unknown): Record<string, unknown> {
  if (!isSection(settings)) return {};
  const variants = Object.entries(settings).map(([key, section]) => {
    const own = isSection(section) ? Object.entries(section).filter(([name]) => VARIANT_KEYS.includes(name)) : [];
    return [key, Object.fromEntries(own)];
  });
  return Object.fromEntries(variants);
}

/** A copy of `settings` whose `section` has only what a section of its variant may have. */
function withoutUnknown(settings: unknown, section: string): unknown {
  if (!isSection(settings) || !isSection(settings[section])) return settings;
  const known = settingsOf(section, withDependentDefaults(settings), trainingConfigSchema);
  const kept = Object.entries(settings[section]).filter(([key]) => known.includes(key));
  return { ...settings, [section]: Object.fromEntries(kept) };
}

function isSection(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
