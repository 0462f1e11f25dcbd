import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { Landmarks } from '../../model/landmarks.js';
import { CORRECTIONS_FILE, DatasetError } from './layout.js';

const point = z.object({ x: z.number(), y: z.number() });

/** `corrections.json` in the root of a data set that the page has saved: how its labels came about. */
export const correctionsSchema = z.object({
  version: z.literal(1),
  /** ISO 8601. */
  created: z.string(),
  /** The model whose predictions a person looked at, and the SHA-256 of its weights. */
  model: z.object({ name: z.string(), sha256: z.string() }),
  frames: z.array(
    z.object({
      /** As `label.csv` names it. */
      file: z.string(),
      /** Whether a landmark was moved; else the prediction was confirmed as it is. */
      corrected: z.boolean(),
      /** What the model had said, px of the image. */
      predicted: z.object({ ps1: point, ps2: point, fh1: point }),
    }),
  ),
});
export type Corrections = z.output<typeof correctionsSchema>;

/** @returns undefined where a data set has no such file @throws DatasetError where it is damaged */
export async function readCorrections(directory: string): Promise<Corrections | undefined> {
  const path = join(directory, CORRECTIONS_FILE);
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined;
    throw error;
  });
  if (text === undefined) return undefined;
  try {
    return correctionsSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw new DatasetError(
      `${path} is damaged; unpack the training set again, or remove the file, and the run will not know the frames as corrections.`,
      { cause },
    );
  }
}

/** SHA-256, in hexadecimal, of an image file and its landmarks. */
export function digestOfCase(bytes: Uint8Array, { ps1, ps2, fh1 }: Landmarks): string {
  const labels = [ps1, ps2, fh1].flatMap(({ x, y }) => [x, y]);
  return createHash('sha256').update(bytes).update(JSON.stringify(labels)).digest('hex');
}
