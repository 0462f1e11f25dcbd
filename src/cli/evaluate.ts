import { Command, Option } from 'commander';
import { DECODINGS, type Decoding } from '../model/index.js';
import type { Checkpoint } from '../train/checkpoint/index.js';
import { loadConfig } from '../train/config/index.js';
import { CrossValidationError, countSeenFrames, prepareEnsemble } from '../train/cross-validation/index.js';
import { loadNetworkFrames, readDataset, type Split } from '../train/dataset/index.js';
import { evaluate, loadCalibrationFrames } from '../train/evaluate/index.js';
import type { Flip } from '../train/flip.js';
import { untrainedFlips } from '../train/predict/index.js';
import { withDevice } from './shared/device.js';
import { flipOption } from './shared/flip-option.js';
import { printMetrics } from './shared/print-metrics.js';
import { run } from './shared/run.js';

interface Options {
  readonly run?: string;
  readonly ensemble?: readonly string[];
  readonly out?: string;
  readonly data: string;
  readonly split: Split;
  readonly checkpoint: Checkpoint;
  readonly decoding?: Decoding;
  readonly tta?: readonly Flip[];
}

const program = new Command('evaluate')
  .description(
    'Evaluates a trained run, or the mean of several, on labelled frames and draws the best, median and worst ones.',
  )
  .option('--run <folder>', 'folder of a trained run or an ensemble')
  .option('--ensemble <folders...>', 'folder of a cross-validation, or folders of runs, to average')
  .option('--out <folder>', 'folder for the results of an ensemble of runs')
  .requiredOption('--data <folder>', 'data set in the IUGC 2025 layout')
  .addOption(new Option('--split <name>', 'frames to score').choices(['test', 'validation', 'train']).default('test'))
  .addOption(new Option('--checkpoint <name>', 'weights to use').choices(['best', 'last']).default('best'))
  .addOption(new Option('--decoding <name>', 'how to decode heatmaps (default: as trained)').choices(DECODINGS))
  .addOption(flipOption())
  .action(async ({ run: single, ensemble, out, data, split, checkpoint, decoding, tta: flips }: Options) => {
    if ((single === undefined) === (ensemble === undefined)) program.error('error: give --run or --ensemble');
    const folder = ensemble ? await prepareEnsemble(ensemble, out) : (single ?? '');
    const config = await loadConfig(`${folder}/config.json`);
    const { inputSize } = config.model;
    const seen = await countSeenFrames(folder, data, split);
    if (seen > 0) {
      throw new CrossValidationError(
        `${folder} was trained on ${seen} of the ${split} frames, so scores on them are not meaningful; evaluate on other ` +
          'frames, or use the held-out scores of the cross-validation.',
      );
    }
    const strange = untrainedFlips(config, flips ?? []);
    if (strange.length > 0) {
      console.error(
        `note: the model was not trained with ${strange.join(' or ')} flips, so these views may make results worse`,
      );
    }
    const cases = await readDataset(data, split);
    const frames = await loadNetworkFrames(cases, inputSize, { keepOriginals: true });
    // Frames that the model has seen are nothing to calibrate on.
    const unseen = (await countSeenFrames(folder, data, 'validation')) === 0;
    const calibration = unseen ? () => loadCalibrationFrames(data, inputSize) : undefined;
    await withDevice({}, async (device) => {
      const words = [split, ...(decoding ? [`(${decoding})`] : []), ...(flips ? ['with mirrored views'] : [])];
      const input = { device, run: folder, split, frames, checkpoint, decoding, flips, calibration };
      printMetrics(folder, words.join(' '), await evaluate(input));
    });
  });

await run(program);
