import { availableParallelism } from 'node:os';
import { Piscina } from 'piscina';
import { type DatasetWriter, SPLITS, type Split, writeDataset } from '../dataset/index.js';
import { mapConcurrently } from '../map-concurrently.js';
import { checkFrameOptions, PhantomError } from './generate.js';
import { type RenderedPhantom, type RenderTask, renderPhantom } from './render.js';
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
 * Writes a set of synthetic frames in the IUGC 2025 layout, with `about.json` saying how it was made. Frames are
 * numbered through all splits, so that no two splits share one. As in the real data every file is named `.jpg` and some
 * are PNG.
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
    const pool = workers > 0 ? openRenderPool(Math.min(workers, tasks.length)) : undefined;
    let done = 0;
    onProgress?.(0, tasks.length);
    const write = async ({ split, file, task }: (typeof tasks)[number]) => {
      await writer.add(split, { file, ...(await (pool ? pool.run(task) : renderPhantom(task))) });
      onProgress?.(++done, tasks.length);
    };
    try {
      // No more frames are under way than are being rendered, and none when this ends: a file written after the folder
      // has been taken back would bring the folder back.
      await mapConcurrently(tasks, write, { concurrency: pool?.maxThreads ?? 1, signal });
    } finally {
      await pool?.destroy();
    }
  };
  await writeDataset(directory, produce, { about, ...(signal ? { signal } : {}) });
}

/** Threads that render frames. */
function openRenderPool(threads: number): Piscina<RenderTask, RenderedPhantom> {
  // The build puts the worker beside this module; run from dist, as TypeScript sources are no worker.
  const filename = new URL('./render.worker.js', import.meta.url).href;
  return new Piscina({ filename, minThreads: threads, maxThreads: threads });
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
