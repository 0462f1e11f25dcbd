import { stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { RunError } from './run-error.js';
import { readJson } from './training-set.js';

/** In a run's folder: the corrections that its weights have seen. */
export const SEEN_CORRECTIONS_FILE = 'corrections.json';

const seenCorrection = z.object({
  /** Folder of the data set. */
  data: z.string(),
  file: z.string(),
  /** SHA-256 of image and landmarks: the same correction, whatever it is called. */
  digest: z.string(),
  /** Whether a landmark was moved; else the prediction was confirmed. */
  corrected: z.boolean(),
  /** Whose prediction it was. */
  model: z.object({ name: z.string(), sha256: z.string() }),
});
export type SeenCorrection = z.output<typeof seenCorrection>;

const seenCorrectionsSchema = z.object({
  version: z.literal(1),
  /** Among the frames that the run itself was trained on. */
  trained: z.array(seenCorrection),
  /** Others that the weights it started from had seen. */
  inherited: z.array(seenCorrection),
});
export type SeenCorrections = z.output<typeof seenCorrectionsSchema>;

/**
 * Which corrections the weights of a run have seen, those included that the weights it started from had seen.
 *
 * @param run Folder of a run, or a weights file in it.
 * @returns nothing for a run without any
 * @throws RunError for a damaged file
 */
export async function readSeenCorrections(run: string): Promise<SeenCorrections> {
  const isFolder = await stat(run).then(
    (found) => found.isDirectory(),
    () => false,
  );
  const path = join(isFolder ? run : dirname(run), SEEN_CORRECTIONS_FILE);
  const value = await readJson(path);
  if (value === undefined) return { version: 1, trained: [], inherited: [] };
  const { data, error } = seenCorrectionsSchema.safeParse(value);
  if (data) return data;
  throw new RunError(`${path} is damaged; remove it, and the run is known to have seen no corrections.`, {
    cause: error,
  });
}

/** What a run records: its own, and of those that its first weights had seen, the others. */
export function combineCorrections(trained: readonly SeenCorrection[], before: SeenCorrections): SeenCorrections {
  const own = new Set(trained.map(({ digest }) => digest));
  const inherited = new Map(
    [...before.inherited, ...before.trained].flatMap((one) =>
      own.has(one.digest) ? [] : [[one.digest, one] as const],
    ),
  );
  return { version: 1, trained: [...trained], inherited: [...inherited.values()] };
}

/** As in "25 training frames were corrected by a person, 15 confirmed". */
export function describeCorrections({ trained, inherited }: SeenCorrections): string {
  const moved = trained.filter(({ corrected }) => corrected).length;
  const own = `${moved} training ${moved === 1 ? 'frame was' : 'frames were'} corrected by a person, ${trained.length - moved} confirmed`;
  if (inherited.length === 0) return own;
  return `${own}; the weights it starts from have seen ${inherited.length} other ${inherited.length === 1 ? 'one' : 'ones'}`;
}
