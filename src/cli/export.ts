import { Command, Option } from 'commander';
import { DECODINGS, type Decoding, FRAME_TYPES, type FrameType } from '../model/index.js';
import type { Checkpoint } from '../train/checkpoint/index.js';
import {
  EXPORT_FORMATS,
  type ExportFormat,
  exportRunToOnnx,
  exportRunToSafetensors,
  formatOfFile,
} from '../train/export/index.js';
import { withDevice } from './shared/device.js';
import { run } from './shared/run.js';

interface Options {
  readonly model: string;
  readonly out: string;
  readonly checkpoint: Checkpoint;
  readonly format?: ExportFormat;
  readonly half: boolean;
  readonly decoding?: Decoding;
  readonly frames: FrameType;
  readonly fit: boolean;
}

const program = new Command('export')
  .description('Exports a trained model as ONNX or safetensors, with a model card next to it.')
  .requiredOption('--model <folder>', 'folder of a trained run')
  .requiredOption('--out <file>', 'file to write; the model card gets the same name plus .md')
  .addOption(new Option('--checkpoint <name>', 'weights to use').choices(['best', 'last']).default('best'))
  .addOption(new Option('--format <name>', 'format (default: from the file extension)').choices(EXPORT_FORMATS))
  .option('--half', 'store kernels in half precision', false)
  .addOption(new Option('--decoding <name>', 'ONNX: how to decode heatmaps (default: as trained)').choices(DECODINGS))
  .addOption(
    new Option('--frames <type>', 'ONNX: grey levels 0–255 (uint8) or luminance 0–1 (float32)')
      .choices(FRAME_TYPES)
      .default('uint8'),
  )
  .option('--no-fit', "ONNX: leave out resizing and cropping; frames must have the network's size")
  .action(async ({ model, format, ...options }: Options) => {
    const input = { ...options, run: model };
    const written =
      (format ?? formatOfFile(options.out)) === 'onnx'
        ? await withDevice({}, (device) => exportRunToOnnx(device, { ...input, frameType: options.frames }))
        : await exportRunToSafetensors(input);
    console.log(`${written.file}: ${(written.bytes / 1e6).toFixed(1)} MB; model card ${written.card}`);
  });

await run(program);
