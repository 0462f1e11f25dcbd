import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import { loadConfig } from '../train/config/index.js';
import { loadNetworkFrames, readDataset } from '../train/dataset/index.js';
import { evaluate } from '../train/evaluate/index.js';
import { runTraining } from '../train/loop/index.js';
import { withDevice } from './shared/device.js';
import { interruptible } from './shared/interrupt.js';
import { drawPhantomsOnce } from './shared/phantom-set.js';
import { printMetrics } from './shared/print-metrics.js';
import { run } from './shared/run.js';
import { setOption } from './shared/set-option.js';
import { trainingRemains } from './shared/training-remains.js';
import { wholeNumber } from './shared/whole-number.js';

/** What the demo trains and tests on. The folder's name says all that its contents depend on. */
const PHANTOMS = { seed: 1, difficulty: 1, size: 128, counts: { train: 320, validation: 40, test: 80 } } as const;
const DATA = `data/demo-${PHANTOMS.size}px-${Object.values(PHANTOMS.counts).join('-')}`;
const CONFIG = fileURLToPath(new URL('../../configs/demo.json', import.meta.url));

interface Options {
  readonly out: string;
  readonly epochs?: number;
  readonly set: readonly string[];
}

const program = new Command('demo')
  .description(
    'Generates synthetic ultrasound frames, trains a small network on them and evaluates it on held-out frames.',
  )
  .option('--out <folder>', 'new folder for the run', join('runs', `demo-${timestamp(new Date())}`))
  .option('--epochs <n>', 'number of epochs (default: as configured)', wholeNumber)
  .addOption(setOption())
  .action(async ({ out, epochs, set }: Options) => {
    const config = await loadConfig(CONFIG, epochs === undefined ? set : [...set, `training.epochs=${epochs}`]);
    await drawPhantomsOnce(DATA, PHANTOMS);
    await withDevice({}, async (device) => {
      console.error(`training on ${device.info.description}`);
      await interruptible(trainingRemains(out), (signal) =>
        runTraining({ device, data: DATA, config, out, stream: process.stderr, signal }),
      );
      const cases = await readDataset(DATA, 'test');
      const frames = await loadNetworkFrames(cases, config.model.inputSize, { keepOriginals: true });
      printMetrics(out, 'test', await evaluate({ device, run: out, split: 'test', frames }));
    });
  });

/** As in 20251122-143059: sorts by time and needs no escaping. */
function timestamp(date: Date): string {
  const digits = date.toISOString().replace(/\D/g, '');
  return `${digits.slice(0, 8)}-${digits.slice(8, 14)}`;
}

await run(program);
