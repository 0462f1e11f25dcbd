import { existsSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { SondeError } from '../../engine/errors.js';
import { ENSEMBLE_FOLDER, SPLITS_FILE } from '../../train/cross-validation/index.js';
import { METRICS_FILE } from '../../train/run-folder/index.js';
import { isSearchFolder } from '../../train/search/index.js';
import { COMPARISON_FILE, type ReportedComparison, readComparison } from './comparison.js';
import { type ReportedCrossValidation, readCrossValidation } from './cross-validation.js';
import type { Note } from './file.js';
import { type ReportedRun, readRun } from './run.js';
import { type ReportedSearch, readReportedSearch } from './search.js';

/** A report that cannot be written. */
export class ReportError extends SondeError {
  override name = 'ReportError';
}

/** What the folders of a report hold, by kind, in the order given. */
export interface Sources {
  readonly runs: readonly ReportedRun[];
  readonly comparisons: readonly ReportedComparison[];
  readonly crossValidations: readonly ReportedCrossValidation[];
  readonly searches: readonly ReportedSearch[];
}

/** Any of them makes a folder a run's. */
const RUN_FILES = ['config.json', 'metrics.jsonl', METRICS_FILE];

/**
 * Reads folders, each of which tells by its files what it is of.
 *
 * @throws ReportError for one that does not exist, or holds nothing of the kind
 */
export async function readSources(folders: readonly string[], split: string, note: Note): Promise<Sources> {
  const runs: ReportedRun[] = [];
  const comparisons: ReportedComparison[] = [];
  const crossValidations: ReportedCrossValidation[] = [];
  const searches: ReportedSearch[] = [];
  for (const [index, name] of namesOf(folders).entries()) {
    const folder = folders[index];
    const found = await stat(folder).catch(() => undefined);
    if (!found?.isDirectory()) throw new ReportError(`${folder} is not a folder; ${REMEDY}.`);
    const holds = (file: string) => existsSync(join(folder, file));
    if (holds(COMPARISON_FILE)) comparisons.push(...(await readComparison(folder, name, note)));
    else if (holds(SPLITS_FILE)) {
      crossValidations.push(...(await readCrossValidation(folder, name, note)));
      const ensemble = join(folder, ENSEMBLE_FOLDER);
      // Where the folds were evaluated as one, that is a run among the others.
      if (existsSync(join(ensemble, METRICS_FILE)))
        runs.push(await readRun(ensemble, `${name}, ensemble`, split, note));
    } else if (await isSearchFolder(folder)) searches.push(...(await readReportedSearch(folder, name, note)));
    else if (RUN_FILES.some(holds)) runs.push(await readRun(folder, name, split, note));
    else throw new ReportError(`${folder} holds nothing to report on; ${REMEDY}.`);
  }
  return { runs, comparisons, crossValidations, searches };
}

const REMEDY = 'give folders that npm run train, compare, cross-validate or search has written';

/** The folders' own names, and the whole path where two are alike. */
function namesOf(folders: readonly string[]): string[] {
  const short = folders.map((folder) => basename(resolve(folder)));
  return short.map((name, index) => (short.filter((other) => other === name).length > 1 ? folders[index] : name));
}
