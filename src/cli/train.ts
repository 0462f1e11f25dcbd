import { Command, InvalidArgumentError, Option } from 'commander';
import { loadConfig } from '../train/config/index.js';
import type { DataSource } from '../train/dataset/index.js';
import { type InitialLayers, OVERFIT_GOAL, runTraining } from '../train/loop/index.js';
import { readRunStart } from '../train/run-folder/index.js';
import { dataOption } from './shared/data-option.js';
import { withDevice } from './shared/device.js';
import { interruptible } from './shared/interrupt.js';
import { run } from './shared/run.js';
import { setOption } from './shared/set-option.js';
import { trainingRemains } from './shared/training-remains.js';
import { wholeNumber } from './shared/whole-number.js';

interface Options {
  readonly data?: readonly DataSource[];
  readonly config?: string;
  readonly out?: string;
  readonly resume?: string;
  readonly init?: string;
  readonly initLayers?: InitialLayers;
  readonly set: readonly string[];
  readonly overfit?: number;
  readonly fastDevRun?: boolean;
  readonly checked?: boolean;
}

const program = new Command('train')
  .description('Trains a network on labelled frames and writes a run folder, or resumes an interrupted run.')
  .addOption(dataOption())
  .option('--config <file>', 'training configuration, JSON (configs/README.md explains each setting)')
  .option('--out <folder>', 'new folder for the run')
  .option('--resume <run>', 'resume the run in this folder, with its own configuration')
  .option(
    '--init <weights>',
    'start from these weights: a safetensors file, or the folder of a run, whose best are taken',
  )
  .addOption(
    new Option(
      '--init-layers <which>',
      'all, matching (those whose name and shape fit), or layers, as in enc*,dec1 (default: all)',
    ).argParser(parseLayers),
  )
  .addOption(setOption())
  .option('--overfit <n>', `overfit the first n frames until their APD is below ${OVERFIT_GOAL} px`, wholeNumber)
  .option('--fast-dev-run', 'run one training step and one validation batch and write every file, as a test')
  .option('--checked', 'check every result for NaN, Inf, unwritten elements and out-of-bounds writes; slower')
  .action(async ({ checked, ...options }: Options) => {
    const input = options.resume === undefined ? await newRun(options) : await runToResume(options.resume, options);
    await withDevice({ checked }, async (device) => {
      console.error(`training on ${device.info.description}`);
      const outcome = await interruptible(trainingRemains(input.out), (signal) =>
        runTraining({ ...input, device, stream: process.stderr, signal }),
      );
      console.log(
        `${input.out}: ${outcome.epochs} ${outcome.epochs === 1 ? 'epoch' : 'epochs'}${outcome.stoppedEarly ? ', stopped early' : ''}; best is epoch ` +
          `${outcome.bestEpoch} with validation APD ${outcome.bestApd.toFixed(2)} px (512 frame)`,
      );
      if (outcome.learntNothing) {
        console.error(
          `The best epoch is no better than predicting the mean position of the training landmarks for every frame (${outcome.meanApd.toFixed(2)} px): ` +
            'the model has not learned anything useful. Train it for longer, or with another optimizer.learningRate.',
        );
        process.exitCode = 1;
      }
      if (input.overfit !== undefined) {
        console.log(
          `${input.overfit} frames ${outcome.bestApd < OVERFIT_GOAL ? 'were' : 'were not'} overfitted to below ${OVERFIT_GOAL} px`,
        );
      }
    });
  });

async function newRun({ data, config, out, init, initLayers, set, overfit, fastDevRun }: Options) {
  for (const [name, value] of Object.entries({ data, config, out })) {
    if (value === undefined) program.error(`error: --${name} is missing; give --data, --config and --out, or --resume`);
  }
  if (initLayers !== undefined && init === undefined) program.error('error: --init-layers needs --init');
  const start = init === undefined ? undefined : { weights: init, layers: initLayers ?? 'all' };
  const given = { data: data ?? [], out: out ?? '', init: start };
  return { ...given, config: await loadConfig(config ?? '', set), overfit, fastDevRun };
}

async function runToResume(run: string, options: Options) {
  const { data, config, out, init, initLayers, set, overfit, fastDevRun } = options;
  const determined = { config, out, init, 'init-layers': initLayers, overfit, 'fast-dev-run': fastDevRun };
  for (const [name, value] of Object.entries(determined)) {
    if (value !== undefined)
      program.error(`error: --${name} cannot be combined with --resume; the run already determines it`);
  }
  const started = await readRunStart(run);
  const settings = await loadConfig(`${run}/config.json`, set);
  const source = data ?? started.data;
  if (source === undefined) {
    return program.error(
      `error: ${run} is part of a cross-validation or a search; resume it with the command that started it`,
    );
  }
  return { ...started, data: source, config: settings, out: run, resume: true };
}

/** `all`, `matching`, or names separated by commas. */
function parseLayers(text: string): InitialLayers {
  if (text === 'all' || text === 'matching') return text;
  const layers = text.split(',').map((layer) => layer.trim());
  if (layers.includes('')) throw new InvalidArgumentError('Give all, matching, or layers, as in enc*,dec1.');
  return layers;
}

await run(program);
