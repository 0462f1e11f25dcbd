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
    'Checks a data set for problems that would stop or impair training: labels, images, angles, duplicates. Exits with ' +
      'code 1 if there are errors.',
  )
  .argument('<folder>', 'data set in the IUGC 2025 layout')
  .option('--json', 'print all findings as JSON')
  .option('--all', 'print every finding, not just a few of each kind')
  .option('--strict', 'also exit with code 1 if there are warnings')
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
