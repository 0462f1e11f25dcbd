import { Command, InvalidArgumentError, Option } from 'commander';
import { DECODINGS, type Decoding, FITS, type Fit, type FrameSelection, NOTICE, parseFrames } from '../model/index.js';
import { predictorSource } from '../train/cross-validation/index.js';
import type { Flip } from '../train/flip.js';
import { type ImageResult, predictImages } from '../train/predict/index.js';
import { withDevice } from './shared/device.js';
import { flipOption } from './shared/flip-option.js';
import { latestRun } from './shared/latest-run.js';
import { run } from './shared/run.js';

interface Options {
  readonly model?: string;
  readonly out?: string;
  readonly decoding?: Decoding;
  readonly ensemble?: readonly string[];
  readonly tta?: readonly Flip[];
  readonly frames: FrameSelection;
  readonly fit: Fit;
}

const program = new Command('predict')
  .description(
    `Finds the landmarks and the angle of progression in images: PNG, JPEG, DICOM or MetaImage. Prints JSON. ${NOTICE}`,
  )
  .argument('<images...>', 'image files')
  .option('--model <folder>', 'folder of a trained run (default: the newest one in runs/)')
  .option('--ensemble <folders...>', 'folder of a cross-validation, or folders of runs, to average; give images first')
  .option('--out <folder>', 'folder for the overlays and predictions.json (default: predictions/ in the run)')
  .addOption(new Option('--decoding <name>', 'how to decode heatmaps (default: as trained)').choices(DECODINGS))
  .addOption(flipOption())
  .addOption(
    new Option('--frames <which>', 'frames of a cine loop to predict: all, first, or numbers and ranges such as 1,5-9')
      .argParser(framesArgument)
      .default('all'),
  )
  .addOption(
    new Option(
      '--fit <how>',
      'how to fit frames that are not square: crop to the central square, or pad with black bars',
    )
      .choices(FITS)
      .default('crop'),
  )
  .action(async (images: string[], { model, ensemble, out, decoding, tta: flips, frames, fit }: Options) => {
    if (model !== undefined && ensemble !== undefined) program.error('error: give --model or --ensemble');
    const source = ensemble ? await predictorSource(ensemble) : (model ?? (await latestRun('runs')));
    const folder = out ?? (typeof source === 'string' ? `${source}/predictions` : 'predictions');
    await withDevice({}, async (device) => {
      const results = await predictImages(device, source, images, folder, { decoding, flips, frames, fit });
      console.log(JSON.stringify(results, null, 2));
      for (const line of remarksOn(results)) console.error(line);
    });
  });

/**
 * Doubts and warnings for people who see only the numbers: each sentence once, with the number of frames it applies to.
 */
function remarksOn(results: readonly ImageResult[]): string[] {
  const lines = new Map<string, number>();
  for (const { file, doubts, warnings, aopMissing } of results) {
    for (const sentence of [...doubts, ...warnings, ...(aopMissing === null ? [] : [aopMissing])]) {
      const line = `${file}: ${sentence}`;
      lines.set(line, (lines.get(line) ?? 0) + 1);
    }
  }
  return [...lines].map(([line, count]) => (count > 1 ? `${line} (${count} frames)` : line)).concat(NOTICE);
}

function framesArgument(text: string): FrameSelection {
  try {
    return parseFrames(text);
  } catch (error) {
    throw new InvalidArgumentError((error as Error).message);
  }
}

await run(program);
