import { Command } from 'commander';
import { openFrameProgress } from './shared/frame-progress.js';
import { interruptible } from './shared/interrupt.js';
import { run } from './shared/run.js';

interface Options {
  readonly json?: boolean;
  readonly all?: boolean;
  readonly strict?: boolean;
}

const program = new Command('check-data')
  .description(
    'Looks for what would stop training on a data set or spoil it: labels, images, angles, duplicates. Exits with 1 where ' +
      'there are errors.',
  )
  .argument('<folder>', 'data set in the IUGC 2025 layout')
  .option('--json', 'print JSON, with every finding')
  .option('--all', 'print every finding instead of a few of each kind')
  .option('--strict', 'exit with 1 where there are warnings too')
  .action(async (folder: string, { json, all, strict }: Options) => {
    // Loaded here, so that `--help` need not wait for what reads images.
    const { checkData, formatDataReport } = await import('../train/check-data/index.js');
    const report = await interruptible('nothing was changed', async (signal) => {
      const progress = openFrameProgress('frames');
      return checkData(folder, { signal, onProgress: progress.show }).finally(progress.close);
    });
    console.log(json ? JSON.stringify(report, null, 2) : formatDataReport(report, { all }));
    if (report.counts.error > 0 || (strict && report.counts.warning > 0)) process.exitCode = 1;
  });

await run(program);
