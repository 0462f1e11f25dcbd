import { Command } from 'commander';
import { loadConfig, runTraining } from '../train/index.js';
import { interruptible } from './shared/interrupt.js';
import { run, withDevice } from './shared/run.js';

interface Options {
  readonly data: string;
  readonly config: string;
  readonly out: string;
  readonly checked?: boolean;
}

const program = new Command('train')
  .description('Trains a network on labelled frames and writes a run folder.')
  .requiredOption('--data <folder>', 'data set in the IUGC 2025 layout (npm run phantoms writes one)')
  .requiredOption('--config <file>', 'training configuration, JSON (configs/README.md explains each setting)')
  .requiredOption('--out <folder>', 'new folder for the run')
  .option('--checked', 'scan every result on the device for NaN, Inf and stray writes; slower')
  .action(async ({ data, config: file, out, checked }: Options) => {
    const config = await loadConfig(file);
    await withDevice({ checked }, async (device) => {
      console.error(`training on ${device.info.description}`);
      const outcome = await interruptible('epochs that were done are kept', (signal) =>
        runTraining(device, data, config, out, process.stderr, signal),
      );
      console.log(
        `${out}: ${outcome.epochs} epochs${outcome.stoppedEarly ? ', stopped early' : ''}; best is epoch ` +
          `${outcome.bestEpoch} with validation APD ${outcome.bestApd.toFixed(2)} px (512 frame)`,
      );
    });
  });

await run(program);
