import { fileURLToPath } from 'node:url';
import { Command, InvalidArgumentError, Option } from 'commander';
import { loadConfig } from '../train/config/index.js';
import {
  CrossValidationError,
  CrossValidationFolder,
  crossValidate,
  DEFAULT_FOLDS,
  foldsInWork,
  formatCrossValidation,
  formatSplits,
  POOLED_SPLITS,
  stratumWarnings,
  summariseCrossValidation,
} from '../train/cross-validation/index.js';
import { SPLITS, type Split } from '../train/dataset/index.js';
import { withAdapter } from './shared/adapter.js';
import { interruptible } from './shared/interrupt.js';
import { run } from './shared/run.js';
import { setOption } from './shared/set-option.js';
import { wholeNumber } from './shared/whole-number.js';
import { runWorkers } from './shared/workers.js';

interface Options {
  readonly data: string;
  readonly config: string;
  readonly out: string;
  readonly set: readonly string[];
  readonly folds?: number;
  readonly fold?: readonly number[];
  readonly seed?: number;
  readonly splits?: readonly Split[];
  readonly metadata?: string;
  readonly strata?: readonly string[];
  readonly group?: string;
  readonly jobs: number;
  readonly adapter?: readonly string[];
  readonly worker?: boolean;
}

const program = new Command('cross-validate')
  .description(
    'Trains one model for each fold of the training and validation frames and scores every frame with the model that was ' +
      'not trained on it. Resumes if interrupted. Several processes, also on several machines, can share one folder.',
  )
  .requiredOption('--data <folder>', 'data set in the IUGC 2025 layout')
  .requiredOption('--config <file>', 'training configuration, JSON')
  .requiredOption('--out <folder>', 'folder of the cross-validation')
  .addOption(setOption())
  .option('--folds <n>', `number of folds (default: ${DEFAULT_FOLDS})`, wholeNumber)
  .option('--fold <n>', 'train only this fold; repeatable (default: all)', collectNumbers)
  .option('--seed <n>', 'seed for choosing among equally good divisions (default: 0)', wholeNumber)
  .option('--splits <names>', `splits whose frames are divided (default: ${POOLED_SPLITS.join(',')})`, splitNames)
  .option('--metadata <file>', 'CSV file with a row per frame, from which strata are made (default: angle and folder)')
  .option('--strata <columns>', 'metadata columns that define the strata (default: presentation and laterality)', names)
  .option('--group <column>', 'metadata column whose equal values stay in one fold (default: patient, if present)')
  .option('--jobs <n>', 'number of processes that train folds in parallel', wholeNumber, 1)
  .option('--adapter <name>', 'part of the adapter name; repeatable, processes take them in turn', collect)
  .addOption(new Option('--worker', 'one of the processes of --jobs').hideHelp())
  .action(async (options: Options) => {
    const config = await loadConfig(options.config, options.set);
    const { folder, cases, created } = await CrossValidationFolder.prepare(options.out, options.data, config, options);
    const unknown = options.fold?.find((fold) => !folder.folds.includes(fold));
    if (unknown !== undefined)
      program.error(`error: there is no fold ${unknown}; folds are numbered 1 to ${folder.folds.length}`);
    if (!options.worker && created) {
      console.log(formatSplits(folder.splits));
      for (const warning of stratumWarnings(folder.splits)) console.error(`warning: ${warning}`);
    }
    const left = (await folder.unfinished()).filter((fold) => options.fold?.includes(fold) ?? true);
    if (left.length > 0) {
      await interruptible('run the same command again to resume', async (signal) => {
        if (options.jobs > 1) return runJobs(options, Math.min(options.jobs, left.length), signal);
        return withAdapter(options.adapter?.[0], (device) =>
          crossValidate({ device, folder, cases, folds: left, stream: process.stderr, signal }),
        );
      });
    }
    if (!options.worker) await conclude(folder);
  });

/** Processes that each train whatever fold nobody has taken yet. */
async function runJobs(options: Options, jobs: number, signal: AbortSignal): Promise<void> {
  const { data, config, out, set, fold = [], adapter = [] } = options;
  const shared = [
    ...['--worker', '--data', data, '--config', config, '--out', out],
    ...set.flatMap((assignment) => ['--set', assignment]),
    ...fold.flatMap((number) => ['--fold', String(number)]),
  ];
  const workers = Array.from({ length: jobs }, (_, i) =>
    adapter.length === 0 ? shared : [...shared, '--adapter', adapter[i % adapter.length]],
  );
  const ends = await runWorkers(fileURLToPath(import.meta.url), workers, signal);
  signal.throwIfAborted();
  const failed = ends.filter((end) => end !== 0);
  if (failed.length === 0) return;
  throw new CrossValidationError(
    `${failed.length} of ${jobs} processes failed (${failed.join(', ')}); their messages are above. Run the same command again to resume.`,
  );
}

async function conclude(folder: CrossValidationFolder): Promise<void> {
  const left = await foldsInWork(folder);
  if (left.length === 0) {
    console.log(formatCrossValidation(await summariseCrossValidation(folder.path)));
    console.log(`written to ${folder.path}/cross-validation.json and cross-validation.csv`);
    return;
  }
  for (const { fold, holder } of left) {
    const who = holder
      ? `it is being trained by process ${holder.pid} on ${holder.host} (${holder.adapter})`
      : 'no process is training it';
    console.log(`fold ${fold} is not finished: ${who}`);
  }
  console.log('Run the command again when they are finished, to summarize all folds.');
}

function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}

function collectNumbers(value: string, before: readonly number[] = []): readonly number[] {
  return [...before, wholeNumber(value)];
}

function names(value: string): readonly string[] {
  return value.split(',').map((name) => name.trim());
}

function splitNames(value: string): readonly Split[] {
  return names(value).map((name) => {
    const split = SPLITS.find((one) => one === name);
    if (!split) throw new InvalidArgumentError(`There is no split ${name}; choose among ${SPLITS.join(', ')}.`);
    return split;
  });
}

await run(program);
