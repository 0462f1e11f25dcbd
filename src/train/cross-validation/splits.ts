import { createHash } from 'node:crypto';
import { z } from 'zod';
import { SondeError } from '../../engine/errors.js';
import { SPLITS } from '../dataset/index.js';

/** Frames that cannot be divided into folds, or folds that do not belong to the data or the settings given. */
export class CrossValidationError extends SondeError {
  override name = 'CrossValidationError';
}

/**
 * What `splits.json` holds: which frames are held out in which fold, and everything that decided it. Files are paths of
 * images relative to the data set's folder, with slashes.
 */
export const splitsSchema = z.object({
  version: z.literal(1),
  seed: z.int().nonnegative(),
  data: z.object({
    /** Splits of the data set whose frames were divided. */
    splits: z.array(z.enum(SPLITS)).min(1),
    frames: z.int().min(2),
    /** SHA-256 of all images and their landmarks: of the digests of the frames, in the order of their files. */
    fingerprint: z.string(),
  }),
  /** Where strata come from. */
  strata: z.discriminatedUnion('by', [
    z.object({ by: z.literal('metadata'), columns: z.array(z.string()) }),
    /** For each folder the angles between its bins, degrees. */
    z.object({ by: z.literal('angle'), edges: z.record(z.string(), z.array(z.number())) }),
  ]),
  /**
   * What kept frames together: pictures nearly alike (bits of the perceptual hash that may differ), and a column of the
   * metadata.
   */
  grouping: z.object({ nearDuplicateBits: z.int(), column: z.string().optional() }),
  /** Frames of two and more that stay in one fold. */
  groups: z.array(z.array(z.string()).min(2)),
  /** Fold 1 is the first. Each lists the frames that it is validated with; it is trained with those of all others. */
  folds: z
    .array(
      z.object({
        fold: z.int().min(1),
        files: z.array(z.string()).min(1),
        /** How many of each stratum. */
        strata: z.record(z.string(), z.int()),
      }),
    )
    .min(2),
  /** Each frame's stratum, and the SHA-256 of its image and landmarks. */
  frames: z.record(z.string(), z.object({ stratum: z.string(), digest: z.string() })),
});
export type Splits = z.infer<typeof splitsSchema>;

/**
 * Reads `splits.json` and checks that it holds together.
 *
 * @param source What it was read from, for messages.
 * @throws CrossValidationError
 */
export function parseSplits(json: string, source: string): Splits {
  const remedy = 'it was changed or damaged; restore it, or start a new cross-validation in another folder';
  let contents: unknown;
  try {
    contents = JSON.parse(json);
  } catch (cause) {
    throw new CrossValidationError(`${source} is not JSON (${(cause as Error).message}): ${remedy}.`, { cause });
  }
  const result = splitsSchema.safeParse(contents);
  if (!result.success) {
    const [{ path, message }] = result.error.issues;
    throw new CrossValidationError(`${source}: ${path.join('.') || 'its contents'}: ${message}: ${remedy}.`);
  }
  const problem = inconsistency(result.data);
  if (problem !== undefined) throw new CrossValidationError(`${source}: ${problem}: ${remedy}.`);
  return result.data;
}

/** SHA-256 of the digests, in hexadecimal. @param digests In the order of the frames' files. */
export function fingerprintOf(digests: readonly string[]): string {
  return createHash('sha256').update(digests.join('\n')).digest('hex');
}

function inconsistency({ folds, groups, frames, data }: Splits): string | undefined {
  const foldOf = new Map<string, number>();
  for (const [index, { fold, files, strata }] of folds.entries()) {
    if (fold !== index + 1) return `fold ${fold} stands where fold ${index + 1} should`;
    const counts: Record<string, number> = {};
    for (const file of files) {
      const earlier = foldOf.get(file);
      if (earlier !== undefined) return `${file} is in fold ${earlier} and in fold ${fold}`;
      foldOf.set(file, fold);
      const frame = frames[file];
      if (!frame) return `${file} is in fold ${fold} and not among the frames`;
      counts[frame.stratum] = (counts[frame.stratum] ?? 0) + 1;
    }
    for (const stratum of new Set([...Object.keys(counts), ...Object.keys(strata)])) {
      if ((counts[stratum] ?? 0) === (strata[stratum] ?? 0)) continue;
      return `fold ${fold} has ${counts[stratum] ?? 0} frames of stratum "${stratum}" and says ${strata[stratum] ?? 0}`;
    }
  }
  const files = Object.keys(frames).sort();
  const without = files.find((file) => !foldOf.has(file));
  if (without !== undefined) return `${without} is in no fold`;
  if (files.length !== data.frames) return `there are ${files.length} frames and it says ${data.frames}`;
  if (fingerprintOf(files.map((file) => frames[file].digest)) !== data.fingerprint) {
    return 'the fingerprint is not that of the frames';
  }
  for (const group of groups) {
    const stray = group.find((file) => foldOf.get(file) !== foldOf.get(group[0]));
    if (stray !== undefined) return `${stray} belongs with ${group[0]} and is in another fold`;
  }
  return undefined;
}
