import { writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { Command, Option } from 'commander';
import { renderFrameSheet } from '../train/overlay/index.js';
import { type Difficulty, generatePhantom, writePhantomDataset } from '../train/phantom/index.js';
import { openFrameProgress } from './shared/frame-progress.js';
import { interruptible } from './shared/interrupt.js';
import { run } from './shared/run.js';
import { wholeNumber } from './shared/whole-number.js';

interface Options {
  readonly out?: string;
  readonly train: number;
  readonly validation: number;
  readonly test: number;
  readonly seed: number;
  readonly difficulty: string;
  readonly size: number;
  readonly workers: number;
  readonly contactSheet?: string;
}

const program = new Command('phantoms')
  .description('Writes synthetic ultrasound frames with exact labels, in the layout of the IUGC 2025 data.')
  .option('--out <folder>', 'new folder for the data set')
  .option('--train <n>', 'number of training frames', wholeNumber, 300)
  .option('--validation <n>', 'number of validation frames', wholeNumber, 100)
  .option('--test <n>', 'number of test frames', wholeNumber, 100)
  .option('--seed <n>', 'random seed', wholeNumber, 1)
  .addOption(new Option('--difficulty <level>', 'strength of artefacts').choices(['0', '1', '2', '3']).default('1'))
  .option('--size <pixels>', 'width and height of a frame', wholeNumber, 512)
  .option('--workers <n>', 'number of worker threads; 0 to use the main thread', wholeNumber, availableParallelism())
  .option('--contact-sheet <file.png>', 'also draw the first 16 frames with their landmarks')
  .action(async (options: Options) => {
    if (options.out === undefined && options.contactSheet === undefined) {
      program.error('error: give --out FOLDER for a data set, --contact-sheet FILE.png for a picture, or both');
    }
    if (options.out !== undefined) await writeSet(options.out, options);
    if (options.contactSheet !== undefined) await writeSheet(options.contactSheet, options);
  });

async function writeSet(out: string, options: Options): Promise<void> {
  const { train, validation, test, seed, size, workers } = options;
  const progress = openFrameProgress('phantoms');
  try {
    await interruptible('nothing was written', (signal) =>
      writePhantomDataset(out, {
        seed,
        counts: { train, validation, test },
        difficulty: Number(options.difficulty) as Difficulty,
        size,
        workers,
        signal,
        onProgress: progress.show,
      }),
    );
  } finally {
    progress.close();
  }
  console.log(`${out}: ${train} training, ${validation} validation and ${test} test frames (seed ${seed}).`);
}

async function writeSheet(file: string, options: Options): Promise<void> {
  const { seed, train, validation, test } = options;
  const size = Math.min(512, options.size);
  const difficulty = Number(options.difficulty) as Difficulty;
  const count = Math.min(16, Math.max(1, train + validation + test));
  const cells = Array.from({ length: count }, (_, index) => {
    const { pixels, landmarks, aop, profile } = generatePhantom({ seed, index, difficulty, size });
    return { pixels, landmarks, captions: [`frame ${index}: AoP ${aop.toFixed(1)}°`, profile.name] };
  });
  const across = Math.ceil(Math.sqrt(count));
  const rows = Array.from({ length: Math.ceil(count / across) }, (_, row) =>
    cells.slice(row * across).slice(0, across),
  );
  const title = 'Synthetic frames';
  const subtitle = `seed ${seed}, difficulty ${difficulty}, ${size}×${size} px`;
  await writeFile(file, await renderFrameSheet({ title, subtitle, rows, size }));
  console.log(`${file}: ${count === 1 ? 'frame 0' : `frames 0 to ${count - 1}`} with their landmarks.`);
}

await run(program);
