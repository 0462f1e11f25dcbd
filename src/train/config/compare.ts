import { isDeepStrictEqual } from 'node:util';
import type { TrainingConfig } from './schema.js';

export interface ConfigDifference {
  /** As in `loss.sigma`. */
  readonly setting: string;
  readonly before: unknown;
  readonly now: unknown;
}

/**
 * The first setting in which two configurations differ, aside from `training.epochs` and `training.divergencePatience`:
 * a run may be extended, and continued although it learns nothing.
 */
export function configDifference(before: TrainingConfig, now: TrainingConfig): ConfigDifference | undefined {
  const { epochs, divergencePatience } = now.training;
  const extended = { ...before, training: { ...before.training, epochs, divergencePatience } };
  return firstDifference(extended, now, '');
}

function firstDifference(before: unknown, now: unknown, setting: string): ConfigDifference | undefined {
  if (isDeepStrictEqual(before, now)) return undefined;
  if (!isSection(before) || !isSection(now)) return { setting, before, now };
  for (const key of new Set([...Object.keys(before), ...Object.keys(now)])) {
    const found = firstDifference(before[key], now[key], setting === '' ? key : `${setting}.${key}`);
    if (found) return found;
  }
  return undefined;
}

function isSection(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** "loss.sigma is 2 there and 1 here". */
export function describeDifference({ setting, before, now }: ConfigDifference): string {
  return `${setting} is ${JSON.stringify(before) ?? 'not set'} there and ${JSON.stringify(now) ?? 'not set'} here`;
}
