import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import type { Comparison } from './comparison/compare.js';
import type { Report } from './report.js';

/** What is kept of a run for an adapter, under bench/results. */
export interface Results extends Report {
  /** Absent until the adapter has been compared. */
  readonly comparison?: Comparison & { readonly date: string; readonly commit: string | null };
}

/** A file's name for an adapter: "NVIDIA H200" → "nvidia-h200". */
export function adapterSlug(description: string): string {
  const slug = description
    .toLowerCase()
    .replace(/[^a-z0-9.]+/g, '-')
    .replace(/^-+|-+$/g, '');
  return slug === '' ? 'unnamed-adapter' : slug;
}

/** The driver by its file's name: where it lies is the machine's own affair. */
export function withoutPaths(report: Report): Report {
  const { driver } = report.environment;
  return { ...report, environment: { ...report.environment, driver: driver === null ? null : basename(driver) } };
}

/** What was kept before, if anything was. */
export async function readResults(file: string): Promise<Results | undefined> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as Results;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
