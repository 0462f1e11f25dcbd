import { type Comparison, comparisonSchema } from '../../comparison/index.js';
import { type Note, SourceFolder } from './file.js';

export const COMPARISON_FILE = 'comparison.json';

/** What `npm run compare` found. */
export interface ReportedComparison {
  readonly name: string;
  readonly comparison: Comparison;
}

/** Reads a comparison's folder; none where its file is damaged. */
export async function readComparison(path: string, name: string, note: Note): Promise<ReportedComparison[]> {
  const comparison = await new SourceFolder(path, note).json(COMPARISON_FILE, comparisonSchema);
  return comparison ? [{ name, comparison }] : [];
}
