import { Command, Option } from 'commander';
import { DECODINGS, type Decoding } from '../model/index.js';
import { predictImages } from '../train/index.js';
import { latestRun } from './shared/latest-run.js';
import { run, withDevice } from './shared/run.js';

interface Options {
  readonly model?: string;
  readonly out?: string;
  readonly decoding?: Decoding;
}

const program = new Command('predict')
  .description('Finds the landmarks and the angle of progression in images: PNG, JPEG or DICOM. Prints JSON.')
  .argument('<images...>', 'image files')
  .option('--model <folder>', 'folder of a trained run (default: the newest in runs/)')
  .option('--out <folder>', 'folder for the overlays and predictions.json (default: predictions/ in the run)')
  .addOption(new Option('--decoding <name>', 'how heatmaps become points (default: as trained)').choices(DECODINGS))
  .action(async (images: string[], { model, out, decoding }: Options) => {
    const folder = model ?? (await latestRun('runs'));
    await withDevice({}, async (device) => {
      const results = await predictImages(device, folder, images, out ?? `${folder}/predictions`, { decoding });
      console.log(JSON.stringify(results, null, 2));
    });
  });

await run(program);
