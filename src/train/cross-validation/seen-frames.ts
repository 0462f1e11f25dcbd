import { basename, dirname, resolve } from 'node:path';
import type { Split } from '../dataset/index.js';
import { readEnsemble } from '../predict/index.js';
import { readSplits } from './folder.js';
import { readDigests, readPool } from './pool.js';

/**
 * How many frames of a split a model of a cross-validation was trained with: a fold's own model, or any member of an
 * ensemble. By the images and labels themselves, whatever they are called.
 *
 * @param run Folder of a run or an ensemble; those that belong to no cross-validation are not known to have seen any.
 */
export async function countSeenFrames(run: string, data: string, split: Split): Promise<number> {
  const seen = await seenDigests(run);
  if (seen.size === 0) return 0;
  const { cases } = await readPool(data, [split]);
  return (await readDigests(cases)).filter((digest) => seen.has(digest)).length;
}

async function seenDigests(run: string): Promise<Set<string>> {
  const ensemble = await readEnsemble(run);
  if (ensemble) {
    const members = await Promise.all(ensemble.members.map(seenDigests));
    return new Set(members.flatMap((own) => [...own]));
  }
  const path = resolve(run);
  const [, fold] = /^fold-(\d+)$/.exec(basename(path)) ?? [];
  const splits = fold === undefined ? undefined : await readSplits(dirname(path));
  const heldOut = new Set(splits?.folds[Number(fold) - 1]?.files);
  const frames = Object.entries(splits?.frames ?? {}).filter(([file]) => !heldOut.has(file));
  return new Set(frames.map(([, { digest }]) => digest));
}
