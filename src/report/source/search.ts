import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { BEST_FILE, readSearch, SearchError, type SearchSummary, TRIALS_FOLDER } from '../../train/search/index.js';
import { readEnvironments, type SharedEnvironment } from './environments.js';
import { type Note, SourceFolder } from './file.js';
import { readSettings, type Settings } from './settings.js';

/** A hyperparameter search of a report. */
export interface ReportedSearch {
  readonly name: string;
  readonly summary: SearchSummary;
  /** Parameters of the best trial; empty before there is one. */
  readonly settings: Settings;
  /** In which the trials were trained, by the folders of their runs. */
  readonly environments: readonly SharedEnvironment[];
}

/** Reads a search's folder; none where its study file is damaged. */
export async function readReportedSearch(path: string, name: string, note: Note): Promise<ReportedSearch[]> {
  try {
    const summary = await readSearch(path);
    const settings = summary.best === null ? new Map() : await readSettings(new SourceFolder(path, note), BEST_FILE);
    return [{ name, summary, settings, environments: await readEnvironments(await trialsOf(path), note) }];
  } catch (error) {
    if (!(error instanceof SearchError)) throw error;
    note(error.message);
    return [];
  }
}

async function trialsOf(path: string): Promise<{ name: string; path: string }[]> {
  const folder = join(path, TRIALS_FOLDER);
  if (!existsSync(folder)) return [];
  return (await readdir(folder)).sort().map((name) => ({ name, path: join(folder, name) }));
}
