import { basename, join } from 'node:path';
import { type CrossValidation, crossValidationSchema, RESULTS_FILE } from '../../train/cross-validation/index.js';
import { readEnvironments, type SharedEnvironment } from './environments.js';
import { type Epoch, readEpochs } from './epochs.js';
import { type Note, SourceFolder } from './file.js';
import { readSettings, type Settings } from './settings.js';

/** What `npm run cross-validate` found. */
export interface ReportedCrossValidation {
  readonly name: string;
  readonly results: CrossValidation;
  /** Settings shared by all folds. */
  readonly settings: Settings;
  /** Epochs of each fold's training, in the order of the folds; empty where its curves are missing. */
  readonly epochs: readonly (readonly Epoch[])[];
  /** In which the folds were trained, by their numbers. */
  readonly environments: readonly SharedEnvironment[];
}

/** Reads a cross-validation's folder; none where it is not finished or its file is damaged. */
export async function readCrossValidation(path: string, name: string, note: Note): Promise<ReportedCrossValidation[]> {
  const folder = new SourceFolder(path, note);
  const absent = ': the cross-validation is not finished; npm run cross-validate resumes it.';
  const results = await folder.json(RESULTS_FILE, crossValidationSchema, absent);
  if (!results) return [];
  // Folds lie in the folder, whatever the file says.
  const folds = results.folds.map(({ fold, run }) => ({ name: String(fold), path: join(path, basename(run)) }));
  const epochs: Epoch[][] = [];
  for (const fold of folds) epochs.push(await readEpochs(new SourceFolder(fold.path, note)));
  const environments = await readEnvironments(folds, note);
  return [{ name, results, settings: await readSettings(folder), epochs, environments }];
}
