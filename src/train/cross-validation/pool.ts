import { readFile } from 'node:fs/promises';
import { posix, relative, sep } from 'node:path';
import { decodeFrame } from '../../images/index.js';
import { digestOfCase } from '../dataset/corrections.js';
import { DatasetError, type LabelledCase, readDataset, SPLITS, type Split } from '../dataset/index.js';
import { type PerceptualHash, perceptualHash } from '../duplicates/index.js';
import { mapConcurrently } from '../map-concurrently.js';
import { CrossValidationError } from './splits.js';

/** A labelled frame among those that are divided into folds. */
export interface PooledCase extends LabelledCase {
  /** Path of the image relative to the data set's folder, with slashes: unique, and the same on every machine. */
  readonly file: string;
  /** Folder of the image, relative to the data set's: where the frame comes from. */
  readonly origin: string;
}

/** Every labelled frame of a data set, for cross-validation or not. */
export interface Pool {
  /** Those that are divided into folds, in the order of their files. */
  readonly cases: readonly PooledCase[];
  /** Those of the other splits, which metadata may name too. */
  readonly others: readonly PooledCase[];
}

/**
 * Reads the frames of `splits` to be divided into folds.
 *
 * @throws DatasetError where one of them cannot be read; CrossValidationError where a file is in two of them
 */
export async function readPool(directory: string, splits: readonly Split[]): Promise<Pool> {
  const read = async (split: Split) => {
    const cases = await readDataset(directory, split);
    return cases.map((one): PooledCase => {
      const file = relative(directory, one.path).split(sep).join('/');
      return { ...one, file, origin: posix.dirname(file) };
    });
  };
  const others: PooledCase[] = [];
  for (const split of SPLITS.filter((one) => !splits.includes(one))) {
    // A split that is not used need not be there.
    const cases = await read(split).catch((error: unknown) => {
      if (error instanceof DatasetError) return [];
      throw error;
    });
    others.push(...cases);
  }
  const cases = (await Promise.all(splits.map(read))).flat().sort((a, b) => (a.file < b.file ? -1 : 1));
  for (const [i, { file, source }] of cases.slice(1).entries()) {
    const before = cases[i];
    if (file !== before.file) continue;
    throw new CrossValidationError(
      `${file} is named by row ${before.source.row} of ${before.source.path} and by row ${source.row} of ${source.path}; ` +
        'keep one, so that it is in one fold.',
    );
  }
  return { cases, others };
}

/** What a frame looks like, to find it again and to find others like it. */
export interface Appearance {
  /** SHA-256, in hexadecimal, of the image file and its landmarks. */
  readonly digest: string;
  readonly hash: PerceptualHash;
}

/** @throws ImageError for the image that cannot be decoded */
export async function readAppearances(cases: readonly PooledCase[]): Promise<Appearance[]> {
  return mapConcurrently(cases, async (one) => {
    const bytes = await readFile(one.path);
    return { digest: digestOfCase(bytes, one.landmarks), hash: perceptualHash(await decodeFrame(bytes, one.path)) };
  });
}

/** The digests alone, for which no image is decoded. */
export async function readDigests(cases: readonly PooledCase[]): Promise<string[]> {
  return mapConcurrently(cases, async (one) => digestOfCase(await readFile(one.path), one.landmarks));
}
