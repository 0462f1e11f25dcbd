import { writeFile } from 'node:fs/promises';
import { Command } from 'commander';
import { loadConfig } from '../train/config/index.js';
import { readDataset } from '../train/dataset/index.js';
import { drawAugmentationSheet } from '../train/overlay/augmentation-sheet.js';
import { withDevice } from './shared/device.js';
import { interruptible } from './shared/interrupt.js';
import { run } from './shared/run.js';
import { setOption } from './shared/set-option.js';
import { wholeNumber } from './shared/whole-number.js';

interface Options {
  readonly data: string;
  readonly config: string;
  readonly out: string;
  readonly set: readonly string[];
  readonly frames: number;
  readonly epochs: number;
}

const program = new Command('contact-sheet')
  .description('Draws training frames with their landmarks, unchanged and as augmented.')
  .requiredOption('--data <folder>', 'data set in the IUGC 2025 layout')
  .requiredOption('--config <file>', 'training configuration, JSON')
  .addOption(setOption())
  .option('--out <file.png>', 'picture to write', 'contact-sheet.png')
  .option('--frames <n>', 'number of frames, spread over the training set', wholeNumber, 4)
  .option('--epochs <n>', 'number of epochs to show of each frame', wholeNumber, 4)
  .action(async ({ data, config: file, set, out, frames, epochs }: Options) => {
    const config = await loadConfig(file, set);
    const cases = await readDataset(data, 'train');
    const sheet = await withDevice({}, (device) =>
      interruptible('nothing was written', (signal) =>
        drawAugmentationSheet(device, cases, config, { frames, epochs, signal }),
      ),
    );
    await writeFile(out, sheet);
    console.log(`${out}: ${Math.min(frames, cases.length)} frames, unchanged and in ${epochs} epochs of ${file}.`);
  });

await run(program);
