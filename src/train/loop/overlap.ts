/** Pictures that several data sets have in common. */
import { DatasetError, loadFrame, type NetworkFrame, readDataset } from '../dataset/index.js';
import { hasSplit } from '../dataset/locate.js';
import {
  HASH_BITS,
  hashDistance,
  NEAR_DUPLICATE_BITS,
  type PerceptualHash,
  perceptualHash,
} from '../duplicates/index.js';
import { mapConcurrently } from '../map-concurrently.js';
import type { CaseOfSet, TrainingSet } from './training-sets.js';

/** A case of a data set with its picture. */
export interface FrameOfSet {
  readonly one: CaseOfSet;
  readonly frame: NetworkFrame;
}

/** Named in a message; the others are counted. */
const NAMED = 5;

/** The same picture, saved again, has greys at most this far apart on average, of 255. */
const SAME_GREYS = 1;

/**
 * Refuses training frames of one data set that are nearly the same pictures as validation or test frames of another,
 * by which the model is selected and scored. Within a set that is for `check-data` to find.
 *
 * @throws DatasetError with their names
 */
export async function refuseOverlap(
  sets: readonly TrainingSet[],
  training: readonly FrameOfSet[],
  validation: readonly FrameOfSet[],
): Promise<void> {
  const heldOut = [
    ...validation.map(({ one, frame }) => ({
      set: one.set,
      name: `the validation frame ${one.file}`,
      hash: hashOf(frame),
    })),
    ...(await testFrames(sets)),
  ];
  const found = training.flatMap(({ one, frame }) => {
    const hash = hashOf(frame);
    for (const other of heldOut) {
      if (other.set === one.set) continue;
      const bits = hashDistance(hash, other.hash, NEAR_DUPLICATE_BITS + 1);
      if (bits <= NEAR_DUPLICATE_BITS) return [`${one.file} and ${other.name} (${bits} of ${HASH_BITS} bits differ)`];
    }
    return [];
  });
  if (found.length === 0) return;
  const rest = found.length > NAMED ? `, and ${found.length - NAMED} more` : '';
  throw new DatasetError(
    `${found.length} training ${found.length === 1 ? 'frame is' : 'frames are'} nearly the same as a validation or test frame of ` +
      `another data set, so that scores on them would be worth nothing: ${found.slice(0, NAMED).join(', ')}${rest}; ` +
      'leave them out of one of the two sets.',
  );
}

async function testFrames(sets: readonly TrainingSet[]) {
  const found: { set: TrainingSet; name: string; hash: PerceptualHash }[] = [];
  for (const set of sets) {
    if (!(await hasSplit(set.folder, 'test'))) continue;
    const cases = await readDataset(set.folder, 'test');
    const hashes = await mapConcurrently(cases, async (one) => perceptualHash(await loadFrame(one)));
    found.push(...cases.map(({ file }, i) => ({ set, name: `the test frame ${set.name}/${file}`, hash: hashes[i] })));
  }
  return found;
}

/**
 * Leaves out frames of which a later data set has the same picture, so that its labels, which are those of a
 * correction, take the place of the earlier ones.
 */
export function withoutReplaced(training: readonly FrameOfSet[]): FrameOfSet[] {
  const hashes = training.map(({ frame }) => hashOf(frame));
  return training.filter(({ one, frame }, i) => {
    return !training.some(
      (later, j) =>
        j > i &&
        later.one.set !== one.set &&
        hashDistance(hashes[i], hashes[j], NEAR_DUPLICATE_BITS + 1) <= NEAR_DUPLICATE_BITS &&
        meanDifference(frame.pixels, later.frame.pixels) <= SAME_GREYS / 255,
    );
  });
}

function meanDifference(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += Math.abs(a[i] - b[i]);
  return sum / a.length;
}

function hashOf({ pixels, size }: NetworkFrame): PerceptualHash {
  return perceptualHash({ pixels, width: size, height: size });
}
