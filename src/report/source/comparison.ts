import { basename, join } from 'node:path';
import { type Comparison, comparisonSchema } from '../../train/comparison/index.js';
import { type Note, SourceFolder } from './file.js';
import { readSettings, type Settings } from './settings.js';

export const COMPARISON_FILE = 'comparison.json';

/** What `npm run compare` found. */
export interface ReportedComparison {
  readonly name: string;
  readonly comparison: Comparison;
  /** Settings of each configuration, as in its first run. */
  readonly settings: readonly Settings[];
}

/** Reads a comparison's folder; none where its file is damaged. */
export async function readComparison(path: string, name: string, note: Note): Promise<ReportedComparison[]> {
  const comparison = await new SourceFolder(path, note).json(COMPARISON_FILE, comparisonSchema);
  if (!comparison) return [];
  const settings: Settings[] = [];
  for (const { runs } of comparison.models) {
    // Runs lie in the folder, whatever the file says.
    const [first] = runs.map(({ folder }) => new SourceFolder(join(path, basename(folder)), note));
    settings.push(first ? await readSettings(first) : new Map());
  }
  return [{ name, comparison, settings }];
}
