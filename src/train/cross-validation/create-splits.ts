import type { Split } from '../dataset/index.js';
import { DisjointSets, findNearDuplicates, NEAR_DUPLICATE_BITS } from '../duplicates/index.js';
import { assignFolds } from './assign.js';
import { type MetadataOptions, readMetadata } from './metadata.js';
import { type PooledCase, readAppearances, readDigests, readPool } from './pool.js';
import { CrossValidationError, fingerprintOf, type Splits } from './splits.js';
import { angleStrata, compareStrata } from './strata.js';

/** As many as the paper. */
export const DEFAULT_FOLDS = 8;

/** Splits whose frames are divided unless others are named. The test split stays apart. */
export const POOLED_SPLITS: readonly Split[] = ['train', 'validation'];

export interface SplitOptions extends MetadataOptions {
  /** Default: {@link DEFAULT_FOLDS}. */
  readonly folds?: number;
  /** Decides among equals. Default 0. */
  readonly seed?: number;
  /** Default: {@link POOLED_SPLITS}. */
  readonly splits?: readonly Split[];
  /** CSV file that strata come from; without it they come from angle and folder. */
  readonly metadata?: string;
  /** Frames whose perceptual hashes differ in no more bits stay together. */
  readonly nearDuplicateBits?: number;
}

/** The frames of `splits.json`, found again: each fold's cases. */
export interface FoldCases {
  readonly splits: Splits;
  readonly folds: readonly (readonly PooledCase[])[];
}

/**
 * Divides the labelled frames of a data set into folds: stratified, with nearly equal frames (and those of one patient,
 * where metadata tell) in one fold. The same data and options give the same folds.
 *
 * @throws CrossValidationError where there are too few frames, or metadata do not fit them; DatasetError, ImageError
 */
export async function createSplits(directory: string, options: SplitOptions = {}): Promise<FoldCases> {
  const {
    folds = DEFAULT_FOLDS,
    seed = 0,
    splits = POOLED_SPLITS,
    metadata: metadataPath,
    nearDuplicateBits = NEAR_DUPLICATE_BITS,
  } = options;
  if (!Number.isSafeInteger(folds) || folds < 2) {
    throw new CrossValidationError(`${folds} folds are too few for a cross-validation; give at least 2.`);
  }
  const pool = await readPool(directory, splits);
  const { cases } = pool;
  const metadata = metadataPath === undefined ? undefined : await readMetadata(metadataPath, pool, options);
  const angles = angleStrata(cases, folds);
  const strata = metadata?.strata ?? angles.strata;
  const appearances = await readAppearances(cases);
  const near = findNearDuplicates(
    appearances.map(({ hash }) => hash),
    nearDuplicateBits,
  );
  const groups = joinGroups(near.groups, metadata?.groups);
  const groupCount = new Set(groups).size;
  if (groupCount < folds) {
    throw new CrossValidationError(
      `${directory} has ${cases.length} frames in ${groupCount} groups that stay together, too few for ${folds} folds; ` +
        `give --folds ${Math.max(2, groupCount)} or fewer, or more frames.`,
    );
  }
  const names = [...new Set(strata)].sort(compareStrata);
  const stratumNumbers = strata.map((stratum) => names.indexOf(stratum));
  const foldOf = assignFolds(stratumNumbers, groups, folds, seed);
  const members = Array.from({ length: folds }, (_, fold) => cases.filter((_, i) => foldOf[i] === fold));
  const stratumOf = new Map(cases.map(({ file }, i) => [file, strata[i]]));
  const result: Splits = {
    version: 1,
    seed,
    data: {
      splits: [...splits],
      frames: cases.length,
      fingerprint: fingerprintOf(appearances.map(({ digest }) => digest)),
    },
    strata: metadata
      ? { by: 'metadata', columns: [...metadata.strataColumns] }
      : {
          by: 'angle',
          edges: Object.fromEntries(Object.entries(angles.edges).map(([origin, own]) => [origin, [...own]])),
        },
    grouping: {
      nearDuplicateBits,
      ...(metadata?.groupColumn === undefined ? {} : { column: metadata.groupColumn }),
    },
    groups: groupsOfSeveral(cases, groups),
    folds: members.map((own, fold) => ({
      fold: fold + 1,
      files: own.map(({ file }) => file),
      strata: countStrata(own, stratumOf),
    })),
    frames: Object.fromEntries(
      cases.map(({ file }, i) => [file, { stratum: strata[i], digest: appearances[i].digest }]),
    ),
  };
  return { splits: result, folds: members };
}

/**
 * The cases that `splits.json` divides, where the data set is still the one it was written for.
 *
 * @param source What the splits were read from, for messages.
 * @throws CrossValidationError where frames came, went or changed
 */
export async function findFoldCases(directory: string, splits: Splits, source: string): Promise<FoldCases> {
  const { cases } = await readPool(directory, splits.data.splits);
  const remedy = 'give the data they were made of, or start a new cross-validation in another folder';
  const complain = (count: number, what: string, file: string) => {
    throw new CrossValidationError(
      `${source} was made of other data: ${count} frames ${what}, the first of them ${file}; ${remedy}.`,
    );
  };
  const byFile = new Map(cases.map((one) => [one.file, one]));
  const gone = Object.keys(splits.frames).filter((file) => !byFile.has(file));
  if (gone.length > 0) complain(gone.length, `are not in ${directory}`, gone[0]);
  const added = cases.filter(({ file }) => !splits.frames[file]);
  if (added.length > 0) complain(added.length, `of ${directory} are not in it`, added[0].file);
  const digests = await readDigests(cases);
  const changed = cases.filter(({ file }, i) => splits.frames[file].digest !== digests[i]);
  if (changed.length > 0) complain(changed.length, 'have another image or other labels now', changed[0].file);
  const folds = splits.folds.map(({ files }) =>
    files.map((file) => byFile.get(file)).filter((one) => one !== undefined),
  );
  return { splits, folds };
}

/** Groups that join those of two reasons. */
function joinGroups(near: readonly number[], named: readonly (string | undefined)[] | undefined): number[] {
  if (!named) return [...near];
  const sets = new DisjointSets(near.length);
  const first = new Map<string, number>();
  for (const [i, name] of named.entries()) {
    const keys = name === undefined ? [`near ${near[i]}`] : [`near ${near[i]}`, `named ${name}`];
    for (const key of keys) {
      const earlier = first.get(key);
      if (earlier === undefined) first.set(key, i);
      else sets.join(i, earlier);
    }
  }
  return sets.numbers();
}

function groupsOfSeveral(cases: readonly PooledCase[], groups: readonly number[]): string[][] {
  const members = new Map<number, string[]>();
  for (const [i, { file }] of cases.entries()) members.set(groups[i], [...(members.get(groups[i]) ?? []), file]);
  return [...members.values()].filter((group) => group.length > 1);
}

function countStrata(cases: readonly PooledCase[], stratumOf: ReadonlyMap<string, string>): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { file } of cases) {
    const stratum = stratumOf.get(file) ?? '';
    counts[stratum] = (counts[stratum] ?? 0) + 1;
  }
  return Object.fromEntries(Object.entries(counts).sort(([a], [b]) => compareStrata(a, b)));
}
