import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { configDifference, describeDifference, loadConfig, type TrainingConfig } from '../config/index.js';
import { hashWeights } from '../evaluate/provenance.js';
import { createFileAtomically } from '../run-folder/index.js';
import { createSplits, type FoldCases, findFoldCases, type SplitOptions } from './create-splits.js';
import { type HeldOut, parseHeldOut } from './held-out.js';
import { CrossValidationError, parseSplits, type Splits } from './splits.js';

export const SPLITS_FILE = 'splits.json';
/** Folder in which all folds are evaluated as one. */
export const ENSEMBLE_FOLDER = 'ensemble';
const CONFIG_FILE = 'config.json';

/** The folder of a cross-validation, which several processes may work in at once. */
export class CrossValidationFolder {
  private constructor(
    readonly path: string,
    readonly config: TrainingConfig,
    readonly splits: Splits,
  ) {}

  /**
   * Opens a folder of a cross-validation to read from.
   *
   * @throws CrossValidationError where it is none
   */
  static async open(path: string): Promise<CrossValidationFolder> {
    const splits = await readSplits(path);
    if (!splits) {
      throw new CrossValidationError(
        `${path} holds no ${SPLITS_FILE}; give a folder that npm run cross-validate has written.`,
      );
    }
    return new CrossValidationFolder(path, await loadConfig(join(path, CONFIG_FILE)), splits);
  }

  /**
   * Makes the folder of a cross-validation, or opens an existing one, whichever process was the first: `config.json`
   * and `splits.json` are written once and then hold for all.
   *
   * @throws CrossValidationError where the folder is another's, or data, configuration or options are not those of the
   *   folder; and as `createSplits`
   */
  static async prepare(
    path: string,
    data: string,
    config: TrainingConfig,
    options: SplitOptions,
  ): Promise<{ folder: CrossValidationFolder; cases: FoldCases; created: boolean }> {
    const source = join(path, SPLITS_FILE);
    let splits = await readSplits(path);
    let cases: FoldCases | undefined;
    let created = false;
    if (!splits) {
      await refuseForeign(path);
      cases = await createSplits(data, options);
      await mkdir(path, { recursive: true });
      // The configuration first: whoever finds the splits finds it too.
      await createFileAtomically(join(path, CONFIG_FILE), `${JSON.stringify(config, null, 2)}\n`);
      created = await createFileAtomically(source, `${JSON.stringify(cases.splits, null, 2)}\n`);
      splits = (await readSplits(path)) ?? cases.splits;
    }
    const before = await loadConfig(join(path, CONFIG_FILE));
    const difference = configDifference(before, config);
    if (difference) {
      throw new CrossValidationError(
        `${join(path, CONFIG_FILE)} is another configuration: ${describeDifference(difference)}; all folds are trained by one, ` +
          'so give that one, or another --out.',
      );
    }
    if (!created) {
      refuseOtherOptions(splits, options, source);
      cases = await findFoldCases(data, splits, source);
    }
    // A cross-validation may be extended, as a run may.
    return { folder: new CrossValidationFolder(path, config, splits), cases: cases ?? { splits, folds: [] }, created };
  }

  get folds(): readonly number[] {
    return this.splits.folds.map(({ fold }) => fold);
  }

  /** The run folder of a fold. */
  runOf(fold: number): string {
    return join(this.path, `fold-${fold}`);
  }

  lockOf(fold: number): string {
    return join(this.path, `fold-${fold}.lock`);
  }

  /** The folder in which the folds' models are used as one. */
  get ensemble(): string {
    return join(this.path, ENSEMBLE_FOLDER);
  }

  /** The file that makes a fold finished. */
  heldOutFileOf(fold: number): string {
    return join(this.runOf(fold), 'held-out.json');
  }

  /**
   * What a fold's model said of the frames that it was not trained on; undefined before the fold is finished.
   *
   * @throws CrossValidationError where the file is damaged, or of other splits or other weights than the fold's run has
   */
  async readHeldOut(fold: number): Promise<HeldOut | undefined> {
    const path = this.heldOutFileOf(fold);
    const text = await readIfThere(path);
    if (text === undefined) return undefined;
    const heldOut = parseHeldOut(text, path, this.splits, fold);
    const weights = await hashWeights(this.runOf(fold));
    // A run whose weights are gone cannot contradict its answers.
    if (weights === undefined || heldOut.weights === weights) return heldOut;
    const finding = heldOut.weights
      ? 'is of weights that the fold no longer has'
      : 'does not say of which weights it is';
    throw new CrossValidationError(`${path} ${finding}; remove it, and the fold is scored again.`);
  }

  async unfinished(): Promise<number[]> {
    const left: number[] = [];
    for (const fold of this.folds) if (!(await this.readHeldOut(fold))) left.push(fold);
    return left;
  }
}

/** The splits in a folder; undefined where it is no cross-validation's. */
export async function readSplits(path: string): Promise<Splits | undefined> {
  const source = join(path, SPLITS_FILE);
  const text = await readIfThere(source);
  return text === undefined ? undefined : parseSplits(text, source);
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
}

/** A folder without splits is new, or another process is about to write them. */
async function refuseForeign(path: string): Promise<void> {
  const entries = await readdir(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  const foreign = entries.filter((name) => name !== CONFIG_FILE && name !== SPLITS_FILE && !name.startsWith('.'));
  if (foreign.length === 0) return;
  throw new CrossValidationError(
    `${path} is not empty (${foreign.sort()[0]} is there) and holds no ${SPLITS_FILE}; choose another folder.`,
  );
}

function refuseOtherOptions({ folds, seed, strata }: Splits, options: SplitOptions, source: string): void {
  const wanted = [
    ['folds', folds.length, options.folds],
    ['seed', seed, options.seed],
    ['strata', strata.by === 'metadata', options.metadata === undefined ? undefined : true],
  ] as const;
  for (const [name, before, now] of wanted) {
    if (now === undefined || now === before) continue;
    const difference =
      name === 'strata' ? 'has strata by angle and none from metadata' : `has ${name} ${before} and not ${now}`;
    throw new CrossValidationError(
      `${source} ${difference}; folds are divided once: leave the option out, or choose another folder.`,
    );
  }
}
