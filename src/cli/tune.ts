import { Command } from 'commander';
import { loadConfig } from '../train/config/index.js';
import { tuneTraining } from '../train/loop/index.js';
import { withDevice } from './shared/device.js';
import { run } from './shared/run.js';
import { setOption } from './shared/set-option.js';

interface Options {
  readonly config: string;
  readonly set: readonly string[];
  readonly again?: boolean;
}

const program = new Command('tune')
  .description(
    "Measures which kernels run a configuration's training step fastest on this adapter, and caches the result.",
  )
  .requiredOption('--config <file>', 'training configuration, JSON')
  .addOption(setOption())
  .option('--again', 'also measure operations that are already known')
  .action(async ({ config: file, set, again }: Options) => {
    const config = await loadConfig(file, set);
    await withDevice({}, async (device) => {
      const report = await tuneTraining(device, config, {
        again,
        note: (text) => console.error(text),
        onProgress: (done, total, operation) => {
          if (operation !== '') console.error(`${done + 1}/${total} ${operation}`);
        },
      });
      for (const sentence of report.struck) console.error(sentence);
      console.log(device.tuning.explain());
      console.log(`${report.measured} of ${report.candidates} operations with a choice of kernels were measured.`);
    });
  });

await run(program);
