import { existsSync } from 'node:fs';
import { type PhantomDatasetOptions, writePhantomDataset } from '../../train/phantom/index.js';
import { openFrameProgress } from './frame-progress.js';
import { interruptible } from './interrupt.js';

/** A set of synthetic frames, and everything that its contents depend on. */
export type PhantomSet = Required<Pick<PhantomDatasetOptions, 'seed' | 'difficulty' | 'size' | 'counts'>>;

/** Draws the frames into `folder`, unless it is there. */
export async function drawPhantomsOnce(folder: string, phantoms: PhantomSet): Promise<void> {
  if (existsSync(folder)) return;
  const { train, validation, test } = phantoms.counts;
  console.error(`generating ${train + validation + test} synthetic frames in ${folder}`);
  const progress = openFrameProgress('phantoms');
  try {
    await interruptible('nothing was written', (signal) =>
      writePhantomDataset(folder, { ...phantoms, signal, onProgress: progress.show }),
    );
  } finally {
    progress.close();
  }
}
