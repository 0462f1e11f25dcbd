/** Turns what the schema finds wrong into sentences that name the setting, what it is and what it may be. */
import { z } from 'zod';

/** One sentence for every problem of `input`. */
export function explain(error: z.ZodError, input: unknown, schema: z.core.$ZodType): string[] {
  return error.issues.flatMap((issue) => {
    if (issue.code !== 'unrecognized_keys') {
      const value = issue.path.reduce<unknown>((part, key) => member(part, key), input);
      return [`${issue.path.join('.') || 'the configuration'} is ${shortened(value)}; give ${issue.message}.`];
    }
    const section = issue.path.join('.');
    const known = settingsBySection(schema, input);
    return issue.keys.map((key) => `${joined(section, key)} is not a setting; ${remedy(key, section, known)}`);
  });
}

/** The most similar setting of the same section, else one of that name elsewhere, else all that the section has. */
function remedy(key: string, section: string, known: ReadonlyMap<string, readonly string[]>): string {
  const settings = known.get(section) ?? [];
  const [nearest] = settings
    .map((setting) => ({ setting, distance: editDistance(plain(key), plain(setting)) }))
    .sort((a, b) => a.distance - b.distance);
  if (nearest !== undefined && nearest.distance <= Math.ceil(key.length / 3)) {
    return `did you mean ${joined(section, nearest.setting)}?`;
  }
  for (const [elsewhere, others] of known) {
    const same = others.find((setting) => plain(setting) === plain(key));
    if (same !== undefined) return `did you mean ${joined(elsewhere, same)}?`;
  }
  return `${section || 'the configuration'} has ${settings.join(', ')}.`;
}

/** The settings that a section may have, where its variant is the one of `input`. */
export function settingsOf(section: string, input: unknown, schema: z.core.$ZodType): readonly string[] {
  return settingsBySection(schema, input).get(section) ?? [];
}

/** The settings that each section has, by the section's path. What a section with variants has depends on `input`. */
function settingsBySection(
  schema: z.core.$ZodType,
  input: unknown,
  path = '',
  found = new Map<string, string[]>(),
): Map<string, string[]> {
  const section = unwrapped(schema, input);
  if (section instanceof z.ZodObject) {
    found.set(path, Object.keys(section.shape));
    for (const [key, setting] of Object.entries(section.shape)) {
      settingsBySection(setting, member(input, key), joined(path, key), found);
    }
  }
  return found;
}

function unwrapped(schema: z.core.$ZodType, input: unknown): z.core.$ZodType {
  if (schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault) return unwrapped(schema.unwrap(), input);
  if (schema instanceof z.ZodPipe) return unwrapped(schema.out, input);
  if (schema instanceof z.ZodDiscriminatedUnion) {
    const { discriminator } = schema.def;
    const name = member(input, discriminator);
    const [first, ...others] = schema.options;
    const chosen = (option: z.core.$ZodType) =>
      option instanceof z.ZodObject && option.shape[discriminator].safeParse(name).success;
    return others.find(chosen) ?? first;
  }
  return schema;
}

/** A name without what people spell differently: `batch_size`, `Batch-Size` and `batchSize` are alike. */
function plain(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]/g, '');
}

/** Levenshtein distance: the fewest single characters to insert, delete or replace. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      next.push(Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + Number(a[i - 1] !== b[j - 1])));
    }
    row = next;
  }
  return row[b.length];
}

function joined(section: string, key: string): string {
  return section === '' ? key : `${section}.${key}`;
}

function member(value: unknown, key: PropertyKey): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<PropertyKey, unknown>)[key] : undefined;
}

function shortened(value: unknown): string {
  const text = JSON.stringify(value) ?? 'missing';
  return text.length <= 60 ? text : `${text.slice(0, 59)}…`;
}
