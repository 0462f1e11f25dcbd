import { availableParallelism } from 'node:os';
import { type DatasetWriter, SPLITS, type Split, writeDataset } from '../dataset/index.js';
import { PhantomError } from './errors.js';
import { checkFrameOptions } from './generate.js';
import { RenderPool } from './pool.js';
import { type RenderTask, renderPhantom } from './render.js';
import type { Difficulty } from './scene.js';

/** Raised when the same seed and index no longer give the same frame. */
export const PHANTOM_VERSION = 1;

export interface PhantomDatasetOptions {
  readonly seed: number;
  /** Frames per split. */
  readonly counts: Readonly<Record<Split, number>>;
  readonly difficulty: Difficulty;
  /** Pixels each way. Default 512. */
  readonly size?: number;
  /** Threads; 0 renders in this one. Default: one per core. Does not change what is written. */
  readonly workers?: number;
  /** Stops the writing; nothing is left behind. */
  readonly signal?: AbortSignal;
  readonly onProgress?: (done: number, total: number) => void;
}

/**
 * Writes a set of synthetic frames in the IUGC 2025 layout, with `about.json` saying how it was made. Frames are numbered
 * through all splits, so that no two splits share one. As in the real data every file is named `.jpg` and some are PNG.
 *
 * @throws PhantomError where options make no set, DatasetError where `directory` is taken
 */
export async function writePhantomDataset(directory: string, options: PhantomDatasetOptions): Promise<void> {
  const { seed, counts, difficulty, size = 512, workers = availableParallelism(), signal, onProgress } = options;
  checkFrameOptions({ seed, index: 0, size });
  checkCounts(counts);
  const tasks: { split: Split; file: string; task: RenderTask }[] = [];
  for (const split of SPLITS) {
    for (let i = 0; i < counts[split]; i++) {
      const index = tasks.length;
      const file = `phantom_${String(index).padStart(5, '0')}.jpg`;
      tasks.push({ split, file, task: { seed, index, difficulty, size } });
    }
  }
  const about = {
    kind: 'synthetic frames of transperineal ultrasound',
    version: PHANTOM_VERSION,
    seed,
    difficulty,
    size,
    counts,
  };
  const produce = async (writer: DatasetWriter) => {
    const pool = workers > 0 ? new RenderPool(Math.min(workers, tasks.length)) : undefined;
    let next = 0;
    let done = 0;
    let failure: unknown;
    onProgress?.(0, tasks.length);
    // As many takers as threads, so that no more frames are under way than are being rendered. When one fails the others
    // finish theirs: a file written after the folder has been taken back would bring the folder back.
    const take = async () => {
      try {
        while (next < tasks.length && failure === undefined) {
          signal?.throwIfAborted();
          const { split, file, task } = tasks[next++];
          const rendered = await (pool ? pool.render(task) : renderPhantom(task));
          await writer.add(split, { file, ...rendered });
          onProgress?.(++done, tasks.length);
        }
      } catch (error) {
        failure ??= error;
      }
    };
    await Promise.all(Array.from({ length: pool?.size ?? 1 }, take));
    await pool?.close();
    if (failure !== undefined) throw failure;
  };
  await writeDataset(directory, produce, { about, ...(signal ? { signal } : {}) });
}

function checkCounts(counts: Readonly<Record<Split, number>>): void {
  for (const split of SPLITS) {
    if (!Number.isSafeInteger(counts[split]) || counts[split] < 0) {
      throw new PhantomError(
        `phantoms: ${counts[split]} frames for ${split} is no count; give a whole number of at least 0.`,
      );
    }
  }
  if (SPLITS.every((split) => counts[split] === 0)) {
    throw new PhantomError('phantoms: all counts are 0; ask for at least one frame.');
  }
}
