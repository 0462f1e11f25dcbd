import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { basename, posix, relative, resolve, sep } from 'node:path';
import { dicomDevice, imageFormat, openImage } from '../../images/index.js';
import { mapLandmarks } from '../../model/coordinates.js';
import { fitTransform } from '../../model/fit-frame.js';
import { angleOfProgression } from '../../model/landmarks.js';
import { digestOfCase } from '../dataset/corrections.js';
import { DatasetError, type LabelledCase, readDataset, SPLITS, type Split } from '../dataset/index.js';
import { hasSplit } from '../dataset/locate.js';
import { type PerceptualHash, perceptualHash } from '../duplicates/index.js';
import { mapConcurrently } from '../map-concurrently.js';
import { mean } from '../metrics/index.js';
import type { DescribedFrame } from './card.js';

export interface ExamineOptions {
  readonly onProgress?: (done: number, total: number) => void;
  /** Stops between images, by throwing its reason. */
  readonly signal?: AbortSignal;
}

/** A frame, and what it is compared by. */
export interface ExaminedFrame {
  readonly described: DescribedFrame;
  /** Path of the image relative to its data set, with slashes. */
  readonly path: string;
  readonly image: LabelledCase;
  /** SHA-256 of the file, and of the file with its landmarks. */
  readonly fileDigest: string;
  readonly caseDigest: string;
  readonly hash: PerceptualHash;
}

/** Side of the square that coordinates are given in, px. */
export const CARD_SIZE = 512;

/** Reads every labelled frame of data sets. @throws DatasetError, ImageError for the first that cannot be read */
export async function examine(
  data: readonly string[],
  { onProgress, signal }: ExamineOptions,
): Promise<ExaminedFrame[]> {
  const names = data.map((folder) => basename(resolve(folder)));
  const found: { directory: string; set: string; split: Split; image: LabelledCase }[] = [];
  for (const [i, directory] of data.entries()) {
    const set = names.filter((name) => name === names[i]).length === 1 ? names[i] : directory;
    const splits: Split[] = [];
    for (const split of SPLITS) if (await hasSplit(directory, split)) splits.push(split);
    // Where there is none, the reader says what it looked for.
    for (const split of splits.length > 0 ? splits : SPLITS.slice(0, 1)) {
      for (const image of await readDataset(directory, split)) found.push({ directory, set, split, image });
    }
  }
  if (found.length === 0) throw new DatasetError('There is no data set to describe; name the folder of one.');
  let done = 0;
  onProgress?.(0, found.length);
  const one = async ({ directory, set, split, image }: (typeof found)[number]): Promise<ExaminedFrame> => {
    const bytes = await readFile(image.path);
    const frame = await (await openImage(bytes, image.path)).decode();
    const { width, height, spacing } = frame;
    const path = relative(directory, image.path).split(sep).join('/');
    const transform = fitTransform(frame, CARD_SIZE);
    const landmarks = mapLandmarks(image.landmarks, (point) => transform.toNetwork(point));
    const device = dicomDevice(bytes, image.path);
    const aop = angleOfProgression(image.landmarks);
    onProgress?.(++done, found.length);
    return {
      described: {
        file: data.length > 1 ? `${set}/${path}` : path,
        set,
        split,
        folder: posix.dirname(path),
        width,
        height,
        format: imageFormat(bytes) ?? 'unknown',
        ...(spacing ? { spacing } : {}),
        ...(device === undefined ? {} : { device }),
        grey: mean(frame.pixels),
        landmarks,
        ...(aop === undefined ? {} : { aop }),
      },
      path,
      image,
      fileDigest: createHash('sha256').update(bytes).digest('hex'),
      caseDigest: digestOfCase(bytes, image.landmarks),
      hash: perceptualHash(frame),
    };
  };
  return mapConcurrently(found, one, { signal });
}
