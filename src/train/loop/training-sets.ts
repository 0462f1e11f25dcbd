/** Several data sets as one: which frames a run is trained on, how often, and which of them a person has corrected. */
import { readFile } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import { type Corrections, digestOfCase, readCorrections } from '../dataset/corrections.js';
import { DatasetError, type LabelledCase, readDataset, type Split } from '../dataset/index.js';
import { findLabels, hasSplit } from '../dataset/locate.js';
import type { DataSource } from '../dataset/sources.js';
import { mapConcurrently } from '../map-concurrently.js';
import type { SeenCorrection } from '../run-folder/seen-corrections.js';

/** A labelled case, and the data set it is of. */
export interface CaseOfSet extends LabelledCase {
  readonly set: TrainingSet;
}

export interface TrainingSet extends DataSource {
  /** What messages call it: the name of its folder, or its path where two have the same name. */
  readonly name: string;
  readonly corrections: Corrections | undefined;
}

export interface CasesOfSets {
  readonly sets: readonly TrainingSet[];
  readonly training: readonly CaseOfSet[];
  readonly validation: readonly CaseOfSet[];
}

/**
 * Reads training and validation frames of data sets. A set may lack either, as long as another has it: what the page
 * saves as corrected has no validation frames. With several sets, `file` begins with the set's name.
 *
 * @param options.validation Whether validation frames are needed.
 * @throws DatasetError where there are no training or no validation frames, a folder is given twice, or one cannot be
 * read
 */
export async function readTrainingSets(
  sources: readonly DataSource[],
  options: { readonly validation: boolean },
): Promise<CasesOfSets> {
  const sets = await Promise.all(
    namesOf(sources).map(async (one) => ({ ...one, corrections: await readCorrections(one.folder) })),
  );
  const read = async (split: Split): Promise<CaseOfSet[]> => {
    const cases: CaseOfSet[] = [];
    const having = await keepAsync(sets, ({ folder }) => hasSplit(folder, split));
    // Where none has it, the reader says what it looked for.
    for (const set of having.length > 0 ? having : sets.slice(0, 1)) {
      const own = await readDataset(set.folder, split);
      cases.push(...own.map((one) => ({ ...one, set, file: sets.length > 1 ? `${set.name}/${one.file}` : one.file })));
    }
    return cases;
  };
  for (const { folder } of sets) await checkFolder(folder);
  const training = await read('train');
  return { sets, training, validation: options.validation ? await readValidation(read) : [] };
}

async function readValidation(read: (split: Split) => Promise<CaseOfSet[]>): Promise<CaseOfSet[]> {
  try {
    return await read('validation');
  } catch (cause) {
    if (!(cause instanceof DatasetError) || !/found no folder/.test(cause.message)) throw cause;
    throw new DatasetError(
      `${cause.message} Training needs validation frames to select its best epoch by; name a data set that has some with another --data.`,
      { cause },
    );
  }
}

/** @throws DatasetError where a folder has neither training nor validation frames, with what was looked for */
async function checkFolder(folder: string): Promise<void> {
  if (/\.zip$/i.test(folder)) throw new DatasetError(`${folder} is a ZIP file; unpack it, and give the folder.`);
  const has = await Promise.all([hasSplit(folder, 'train'), hasSplit(folder, 'validation')]);
  if (!has.includes(true)) await findLabels(folder, 'train');
}

function namesOf(sources: readonly DataSource[]) {
  const folders = sources.map(({ folder }) => resolve(folder));
  const twice = folders.findIndex((folder, i) => folders.indexOf(folder) < i);
  if (twice >= 0) {
    throw new DatasetError(
      `${sources[twice].folder} is given twice; give it once, with a weight: ${sources[twice].folder}=2.`,
    );
  }
  const names = folders.map((folder) => basename(folder));
  return sources.map((source, i) => {
    const alone = names.filter((name) => name === names[i]).length === 1;
    return { ...source, name: alone ? names[i] : source.folder };
  });
}

async function keepAsync<T>(all: readonly T[], keeps: (one: T) => Promise<boolean>): Promise<T[]> {
  const kept = await Promise.all(all.map(keeps));
  return all.filter((_, i) => kept[i]);
}

/** What a run records of the corrections among its training frames. */
export async function correctionsAmong(training: readonly CaseOfSet[]): Promise<SeenCorrection[]> {
  const known = new Map<TrainingSet, Map<string, boolean>>();
  const corrected = training.flatMap((one) => {
    const { set, source } = one;
    if (!set.corrections) return [];
    if (!known.has(set))
      known.set(set, new Map(set.corrections.frames.map(({ file, corrected: moved }) => [file, moved])));
    const name = basename(one.path);
    const moved = known.get(set)?.get(name);
    return moved === undefined ? [] : [{ one, name, moved, model: set.corrections.model, source }];
  });
  return mapConcurrently(corrected, async ({ one, name, moved, model }) => {
    const digest = digestOfCase(await readFile(one.path), one.landmarks);
    return { data: resolve(one.set.folder), file: name, digest, corrected: moved, model };
  });
}
