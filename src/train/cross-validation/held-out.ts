import { z } from 'zod';
import type { LandmarkCase } from '../metrics/index.js';
import type { Splits } from './splits.js';
import { CrossValidationError } from './splits.js';

const point = z.object({ x: z.number(), y: z.number() });
const landmarks = z.object({ ps1: point, ps2: point, fh1: point });

/**
 * What `held-out.json` of a fold's run holds: its model on the frames that it was not trained on. It is the last file
 * that a fold writes, so a fold that has it is finished.
 */
export const heldOutSchema = z.object({
  version: z.literal(1),
  fold: z.int().min(1),
  /** Fingerprint of the data set that was split into folds. */
  fingerprint: z.string(),
  /** SHA-256 of the weights that answered; absent in files of versions that did not record it. */
  weights: z.string().optional(),
  trainingFrames: z.int(),
  epochs: z.int(),
  /** Epoch of the weights that were used. */
  bestEpoch: z.int(),
  /** Mean landmarks of the training frames, px of a 512 px frame. */
  meanLandmarks: landmarks,
  /** In the order of the fold's files. */
  cases: z.array(
    z.object({
      file: z.string(),
      /** Px of a 512 px frame. */
      predicted: landmarks,
      truth: landmarks,
      /** Millimetres per pixel of the 512 px frame, where the image says so. */
      spacing: point.optional(),
    }),
  ),
});
export type HeldOut = z.output<typeof heldOutSchema>;

/** @throws CrossValidationError where the text is damaged, or of another cross-validation */
export function parseHeldOut(text: string, source: string, splits: Splits, fold: number): HeldOut {
  const remedy = 'remove it, and the fold is scored again';
  let heldOut: HeldOut;
  try {
    heldOut = heldOutSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw new CrossValidationError(`${source} is damaged (${firstLine(cause)}); ${remedy}.`, { cause });
  }
  const files = heldOut.cases.map(({ file }) => file);
  const expected = splits.folds[fold - 1].files;
  const same = files.length === expected.length && files.every((file, i) => file === expected[i]);
  if (heldOut.fold !== fold || heldOut.fingerprint !== splits.data.fingerprint || !same) {
    throw new CrossValidationError(`${source} is of fold ${heldOut.fold} of another cross-validation; ${remedy}.`);
  }
  return heldOut;
}

export function landmarkCasesOf({ cases }: HeldOut): LandmarkCase[] {
  return cases.map(({ predicted, truth, spacing }) => ({ predicted, truth, ...(spacing ? { spacing } : {}) }));
}

function firstLine(error: unknown): string {
  if (error instanceof z.ZodError) {
    const [{ path, message }] = error.issues;
    return `${path.join('.')}: ${message}`;
  }
  return error instanceof Error ? error.message : String(error);
}
