import { join, parse } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Command, InvalidArgumentError } from 'commander';
import { compare, comparisonMarkdown } from '../train/comparison/index.js';
import { loadConfig } from '../train/config/index.js';
import { withDevice } from './shared/device.js';
import { interruptible } from './shared/interrupt.js';
import { drawPhantomsOnce } from './shared/phantom-set.js';
import { run } from './shared/run.js';
import { setOption } from './shared/set-option.js';
import { wholeNumber } from './shared/whole-number.js';

/** What is compared on where no data set is given. The folder's name says all that its contents depend on. */
const PHANTOMS = { seed: 1, difficulty: 2, size: 128, counts: { train: 240, validation: 60, test: 100 } } as const;
const DATA = `data/phantoms-difficulty-2-${PHANTOMS.size}px-${Object.values(PHANTOMS.counts).join('-')}`;

/** The paper's three models, small. */
const CONFIGURATIONS = ['small-u-net', 'small-deep-unet', 'small-dsnt-deep-unet'].map((name) =>
  fileURLToPath(new URL(`../../configs/${name}.json`, import.meta.url)),
);

interface Options {
  readonly data?: string;
  readonly out: string;
  readonly seeds: readonly number[];
  readonly set: readonly string[];
}

const program = new Command('compare')
  .description(
    'Trains several configurations with several seeds on one data set and reports whether they rank as in the paper. ' +
      'Resumes if interrupted.',
  )
  .argument('[configurations...]', 'JSON files (default: small versions of the three models)')
  .option('--data <folder>', 'data set in the IUGC 2025 layout (default: 400 synthetic frames, generated if missing)')
  .option('--out <folder>', 'folder for the runs and the tables', join('runs', 'compare'))
  .option('--seeds <list>', 'seeds to train each configuration with, separated by commas', seedList, [1, 2, 3])
  .addOption(setOption())
  .action(async (files: string[], { data, out, seeds, set }: Options) => {
    const chosen = files.length === 0 ? CONFIGURATIONS : files;
    const configurations = await Promise.all(
      chosen.map(async (file) => ({ name: parse(file).name, config: await loadConfig(file, set) })),
    );
    if (data === undefined) await drawPhantomsOnce(DATA, PHANTOMS);
    await withDevice({}, async (device) => {
      console.error(`comparing on ${device.info.description}`);
      const comparison = await interruptible('run the same command again to resume', (signal) =>
        compare({ device, data: data ?? DATA, configurations, seeds, out, stream: process.stderr, signal }),
      );
      console.log(comparisonMarkdown(comparison));
      console.log(`${out}/comparison.json, .csv and .md contain the same results.`);
    });
  });

function seedList(text: string): number[] {
  const seeds = text.split(',').map((part) => wholeNumber(part.trim()));
  if (seeds.some((seed) => seed >= 2 ** 32)) throw new InvalidArgumentError('A seed must be below 2³².');
  return seeds;
}

await run(program);
