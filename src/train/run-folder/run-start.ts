import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { RunError } from './run-error.js';

/** How a run was started, beside its configuration: what resuming it needs. */
export const RUN_FILE = 'run.json';
const runStartSchema = z.object({
  /** Absent where the cases were chosen by whoever started the run, as for a fold of a cross-validation. */
  data: z
    .union([
      z.array(z.object({ folder: z.string(), weight: z.number() })),
      // Written by older versions.
      z.string().transform((folder) => [{ folder, weight: 1 }]),
    ])
    .optional(),
  /** The weights that it started from. */
  init: z
    .object({
      weights: z.string(),
      layers: z.union([z.enum(['all', 'matching']), z.array(z.string())]),
      sha256: z.string(),
    })
    .optional(),
  overfit: z.int().optional(),
  fastDevRun: z.boolean().optional(),
});

export type RunStart = z.output<typeof runStartSchema>;

/** How the run in a folder was started. @throws RunError where the folder does not say */
export async function readRunStart(folder: string): Promise<RunStart> {
  const path = join(folder, RUN_FILE);
  try {
    return runStartSchema.parse(JSON.parse(await readFile(path, 'utf8')));
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    const finding = code === undefined ? 'is damaged' : `cannot be read (${code})`;
    throw new RunError(`${path} ${finding}, so ${folder} is not a run to resume; give the folder of a training run.`, {
      cause,
    });
  }
}
