import { createEnsemble, readEnsemble } from '../predict/index.js';
import { CrossValidationFolder, readSplits } from './folder.js';
import { CrossValidationError } from './splits.js';

/**
 * Makes the ensemble of a cross-validation's folds, in its folder. @throws CrossValidationError where folds are not
 * finished
 */
export async function createFoldEnsemble(folder: CrossValidationFolder): Promise<void> {
  const left = await folder.unfinished();
  if (left.length > 0) {
    throw new CrossValidationError(
      `${folder.path}: ${left.length === 1 ? `fold ${left[0]} is` : `folds ${left.join(', ')} are`} not finished; npm run cross-validate resumes, ` +
        'or name the runs of those that are.',
    );
  }
  await createEnsemble(folder.ensemble, { members: folder.folds.map((fold) => folder.runOf(fold)) });
}

/**
 * The folder in which several runs are evaluated as one.
 *
 * @param folders That of a cross-validation, whose folder of the ensemble it has itself; or those of runs.
 * @param out Folder of the ensemble of runs.
 * @throws CrossValidationError, RunError
 */
export async function prepareEnsemble(folders: readonly string[], out?: string): Promise<string> {
  const folder = await crossValidationOf(folders);
  if (folder) {
    if (out !== undefined) {
      throw new CrossValidationError(
        `The ensemble of a cross-validation is written to ${folder.ensemble}; leave out --out ${out}.`,
      );
    }
    return foldEnsemble(folder);
  }
  if (out === undefined) {
    throw new CrossValidationError('An ensemble of runs needs a folder for its results; give it with --out.');
  }
  await createEnsemble(out, { members: folders });
  return out;
}

/** What answers images for the folders of a cross-validation or of runs: nothing is written for runs. */
export async function predictorSource(folders: readonly string[]): Promise<string | readonly string[]> {
  const folder = await crossValidationOf(folders);
  return folder ? foldEnsemble(folder) : folders;
}

async function foldEnsemble(folder: CrossValidationFolder): Promise<string> {
  if (!(await readEnsemble(folder.ensemble))) await createFoldEnsemble(folder);
  return folder.ensemble;
}

async function crossValidationOf(folders: readonly string[]): Promise<CrossValidationFolder | undefined> {
  const [first, ...others] = folders;
  if (others.length > 0 || !(await readSplits(first))) return undefined;
  return CrossValidationFolder.open(first);
}
