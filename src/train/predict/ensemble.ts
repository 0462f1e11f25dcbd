import { readFile, rm } from 'node:fs/promises';
import { join, relative, resolve, sep } from 'node:path';
import { z } from 'zod';
import { LANDMARK_NAMES, type Landmarks } from '../../model/index.js';
import { loadConfig, type TrainingConfig } from '../config/index.js';
import { mean } from '../metrics/index.js';
import { withGuard, writeFileAtomically } from '../run-folder/index.js';
import { RunError } from '../run-folder/run-error.js';
import { readTrainingSet, TRAINING_SET_FILE, type TrainingSetSummary } from '../run-folder/training-set.js';
import { CALIBRATION_FILE } from '../uncertainty/index.js';

/** The file that makes a folder an ensemble's: it is then used as a run's folder is. */
export const ENSEMBLE_FILE = 'ensemble.json';

/** What `ensemble.json` holds. */
export const ensembleSchema = z.object({
  version: z.literal(1),
  /** The members' run folders, relative to the ensemble's. */
  members: z.array(z.string()).min(1),
});

/** An ensemble of trained runs. */
export interface Ensemble {
  /** Run folders. */
  readonly members: readonly string[];
}

/**
 * Makes a folder in which the mean of several runs is used as one run: `ensemble.json` names them, `config.json` is the
 * first one's, and `training-set.json` says of the training frames what the members' say on average.
 *
 * @throws RunError where the members cannot answer together; RunFolderError where another process works in the folder;
 *   and as `loadConfig`
 */
export async function createEnsemble(folder: string, ensemble: Ensemble): Promise<void> {
  return withGuard(folder, { doing: 'making an ensemble', create: true }, () => createGuarded(folder, ensemble));
}

async function createGuarded(folder: string, { members }: Ensemble): Promise<void> {
  const configs = await loadMembers(members);
  const summaries: TrainingSetSummary[] = [];
  for (const member of members) summaries.push(await readTrainingSet(member));
  const json = async (name: string, value: unknown) =>
    writeFileAtomically(join(folder, name), `${JSON.stringify(value, null, 2)}\n`);
  const short = (path: string) => relative(resolve(folder), resolve(path)).split(sep).join('/');
  // Of members that were here before.
  await rm(join(folder, CALIBRATION_FILE), { force: true });
  await json('config.json', configs[0]);
  await json(TRAINING_SET_FILE, average(summaries));
  await json(ENSEMBLE_FILE, { version: 1, members: members.map(short) });
}

/** The ensemble of a folder; undefined where it is none. @throws RunError where its file is damaged */
export async function readEnsemble(folder: string): Promise<Ensemble | undefined> {
  const path = join(folder, ENSEMBLE_FILE);
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
  try {
    const { members } = ensembleSchema.parse(JSON.parse(text));
    return { members: members.map((member) => join(folder, member)) };
  } catch (cause) {
    throw new RunError(`${path} is damaged; delete it and make the ensemble again.`, { cause });
  }
}

/**
 * The configurations of an ensemble's members, which must take the same frames.
 *
 * @throws RunError where they do not, or there are none
 */
export async function loadMembers(members: readonly string[]): Promise<readonly TrainingConfig[]> {
  if (members.length === 0) throw new RunError('An ensemble needs at least one run; name one.');
  const configs: TrainingConfig[] = [];
  for (const member of members) configs.push(await loadConfig(join(member, 'config.json')));
  const { inputSize } = configs[0].model;
  const other = configs.findIndex(({ model }) => model.inputSize !== inputSize);
  if (other >= 0) {
    throw new RunError(
      `${members[0]} takes frames of ${inputSize} px and ${members[other]} of ${configs[other].model.inputSize} px; the members ` +
        'of an ensemble take the same.',
    );
  }
  return configs;
}

function average(summaries: readonly TrainingSetSummary[]): TrainingSetSummary {
  const point = (name: keyof Landmarks) => ({
    x: mean(summaries.map(({ meanLandmarks }) => meanLandmarks[name].x)),
    y: mean(summaries.map(({ meanLandmarks }) => meanLandmarks[name].y)),
  });
  const [ps1, ps2, fh1] = LANDMARK_NAMES.map(point);
  return { frames: Math.round(mean(summaries.map(({ frames }) => frames))), meanLandmarks: { ps1, ps2, fh1 } };
}
