import { Command } from 'commander';
import { predictImages } from '../train/index.js';
import { latestRun } from './shared/latest-run.js';
import { run, withDevice } from './shared/run.js';

interface Options {
  readonly model?: string;
  readonly out?: string;
}

const program = new Command('predict')
  .description('Finds the landmarks and the angle of progression in images: PNG, JPEG or DICOM. Prints JSON.')
  .argument('<images...>', 'image files')
  .option('--model <folder>', 'folder of a trained run (default: the newest in runs/)')
  .option('--out <folder>', 'folder for the overlays and predictions.json (default: predictions/ in the run)')
  .action(async (images: string[], { model, out }: Options) => {
    const folder = model ?? (await latestRun('runs'));
    await withDevice({}, async (device) => {
      const results = await predictImages(device, folder, images, out ?? `${folder}/predictions`);
      console.log(JSON.stringify(results, null, 2));
    });
  });

await run(program);
