import { Command, Option } from 'commander';
import { DECODINGS, type Decoding } from '../model/index.js';
import {
  type Checkpoint,
  evaluate,
  loadCalibrationFrames,
  loadConfig,
  loadNetworkFrames,
  readDataset,
  type Split,
} from '../train/index.js';
import { printMetrics } from './shared/print-metrics.js';
import { run, withDevice } from './shared/run.js';

interface Options {
  readonly run: string;
  readonly data: string;
  readonly split: Split;
  readonly checkpoint: Checkpoint;
  readonly decoding?: Decoding;
}

const program = new Command('evaluate')
  .description('Scores a trained run on labelled frames and draws the best, median and worst.')
  .requiredOption('--run <folder>', 'folder of a trained run')
  .requiredOption('--data <folder>', 'data set in the IUGC 2025 layout')
  .addOption(new Option('--split <name>', 'frames to score').choices(['test', 'validation', 'train']).default('test'))
  .addOption(new Option('--checkpoint <name>', 'weights to use').choices(['best', 'last']).default('best'))
  .addOption(new Option('--decoding <name>', 'how heatmaps become points (default: as trained)').choices(DECODINGS))
  .action(async ({ run: folder, data, split, checkpoint, decoding }: Options) => {
    const config = await loadConfig(`${folder}/config.json`);
    const cases = await readDataset(data, split);
    const frames = await loadNetworkFrames(cases, config.model.inputSize, { keepOriginals: true });
    const calibration = () => loadCalibrationFrames(data, config.model.inputSize);
    await withDevice({}, async (device) => {
      printMetrics(
        folder,
        decoding ? `${split} (${decoding})` : split,
        await evaluate({ device, run: folder, split, frames, checkpoint, decoding, calibration }),
      );
    });
  });

await run(program);
