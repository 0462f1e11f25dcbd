import { readSearch, SearchError, type SearchSummary } from '../../search/index.js';
import type { Note } from './file.js';

/** A hyperparameter search of a report. */
export interface ReportedSearch {
  readonly name: string;
  readonly summary: SearchSummary;
}

/** Reads a search's folder; none where its study file is damaged. */
export async function readReportedSearch(folder: string, name: string, note: Note): Promise<ReportedSearch[]> {
  try {
    return [{ name, summary: await readSearch(folder) }];
  } catch (error) {
    if (!(error instanceof SearchError)) throw error;
    note(error.message);
    return [];
  }
}
