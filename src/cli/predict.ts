import { Command, Option } from 'commander';
import { DECODINGS, type Decoding } from '../model/index.js';
import { type Flip, predictImages, predictorSource } from '../train/index.js';
import { flipOption } from './shared/flip-option.js';
import { latestRun } from './shared/latest-run.js';
import { run, withDevice } from './shared/run.js';

interface Options {
  readonly model?: string;
  readonly out?: string;
  readonly decoding?: Decoding;
  readonly ensemble?: readonly string[];
  readonly tta?: readonly Flip[];
}

const program = new Command('predict')
  .description(
    'Finds the landmarks and the angle of progression in images: PNG, JPEG, DICOM or MetaImage. Prints JSON.',
  )
  .argument('<images...>', 'image files')
  .option('--model <folder>', 'folder of a trained run (default: the newest in runs/)')
  .option(
    '--ensemble <folders...>',
    'folder of a cross-validation, or of several runs whose mean is taken; images before it',
  )
  .option('--out <folder>', 'folder for the overlays and predictions.json (default: predictions/ in the run)')
  .addOption(new Option('--decoding <name>', 'how heatmaps become points (default: as trained)').choices(DECODINGS))
  .addOption(flipOption())
  .action(async (images: string[], { model, ensemble, out, decoding, tta: flips }: Options) => {
    if (model !== undefined && ensemble !== undefined) program.error('error: give --model or --ensemble');
    const source = ensemble ? await predictorSource(ensemble) : (model ?? (await latestRun('runs')));
    const folder = out ?? (typeof source === 'string' ? `${source}/predictions` : 'predictions');
    await withDevice({}, async (device) => {
      const results = await predictImages(device, source, images, folder, { decoding, flips });
      console.log(JSON.stringify(results, null, 2));
    });
  });

await run(program);
