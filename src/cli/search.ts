import { Command, Option } from 'commander';
import { loadConfig } from '../train/config/index.js';
import { readDataset } from '../train/dataset/index.js';
import {
  BEST_FILE,
  defaultSpace,
  loadSpace,
  OBJECTIVES,
  type Objective,
  PRUNERS,
  SAMPLERS,
  search,
  trainingRunner,
} from '../train/search/index.js';
import { withDevice } from './shared/device.js';
import { interruptible } from './shared/interrupt.js';
import { printSearch } from './shared/print-search.js';
import { run } from './shared/run.js';
import { setOption } from './shared/set-option.js';
import { wholeNumber } from './shared/whole-number.js';

interface Options {
  readonly data: string;
  readonly config: string;
  readonly out: string;
  readonly set: readonly string[];
  readonly space?: string;
  readonly trials: number;
  readonly objective: Objective;
  readonly sampler: keyof typeof SAMPLERS;
  readonly pruner: keyof typeof PRUNERS;
  readonly seed: number;
}

const program = new Command('search')
  .description(
    'Searches for better hyperparameters: trains many networks, with settings proposed from the results of earlier trials. ' +
      'Resumes if interrupted; several processes can share the work.',
  )
  .requiredOption('--data <folder>', 'data set in the IUGC 2025 layout; trials are scored on its validation frames')
  .requiredOption('--config <file>', 'training configuration that all trials share, JSON')
  .requiredOption('--out <folder>', 'folder of the search, new or to be resumed')
  .addOption(setOption())
  .option('--space <file>', "search space, JSON (default: the paper's: learning rate, λ, σ and gradient norm)")
  .option('--trials <n>', 'number of trials, over all processes', wholeNumber, 50)
  .addOption(new Option('--objective <score>', 'validation score to minimise').choices(OBJECTIVES).default('apd'))
  .addOption(
    new Option('--sampler <name>', 'algorithm that proposes settings').choices(Object.keys(SAMPLERS)).default('tpe'),
  )
  .addOption(
    new Option('--pruner <name>', 'algorithm that stops unpromising trials')
      .choices(Object.keys(PRUNERS))
      .default('median'),
  )
  .option('--seed <n>', 'random seed of the proposals', wholeNumber, 0)
  .action(async ({ data, config: file, out, set, space, ...options }: Options) => {
    const config = await loadConfig(file, set);
    const distributions = space === undefined ? defaultSpace(config) : await loadSpace(space);
    const cases = { training: await readDataset(data, 'train'), validation: await readDataset(data, 'validation') };
    await withDevice({}, async (device) => {
      console.error(`searching on ${device.info.description}`);
      const remains = 'run the same command again to resume';
      const summary = await interruptible(remains, (signal) => {
        const runner = trainingRunner(device, cases, process.stderr, signal);
        return search({ ...options, out, config, distributions, run: runner, log: console.error, signal });
      });
      printSearch(summary, `${out}/${BEST_FILE}`);
    });
  });

await run(program);
