import { Command, Option } from 'commander';
import { writeReport } from '../report/index.js';
import { run } from './shared/run.js';

interface Options {
  readonly out: string;
  readonly split: string;
}

const program = new Command('report')
  .description(
    'Writes an HTML report on trained runs: curves, scores, errors, pictures, settings. Does not need a GPU.',
  )
  .argument('<runs...>', 'folders of trained runs')
  .option('--out <file>', 'HTML file to write', 'report.html')
  .addOption(
    new Option('--split <name>', 'split to show scores of').choices(['test', 'validation', 'train']).default('test'),
  )
  .action(async (folders: string[], { out, split }: Options) => {
    const { notes } = await writeReport(folders, out, { split });
    for (const note of notes) console.error(`note: ${note}`);
    console.log(out);
  });

await run(program);
