import { Command } from 'commander';
import { writeFileAtomically } from '../train/run-folder/index.js';
import { openFrameProgress } from './shared/frame-progress.js';
import { interruptible } from './shared/interrupt.js';
import { run } from './shared/run.js';

interface Options {
  readonly crossValidation?: readonly string[];
  readonly json?: boolean;
  readonly html?: string;
  readonly all?: boolean;
}

/** Suspicious labels of which the page has pictures. */
const SUSPECTS_DRAWN = 12;

const program = new Command('describe')
  .description(
    'Describes labelled data sets: folders, sizes, devices, angles, positions of landmarks, duplicates, and labels that ' +
      'cross-validated models contradict.',
  )
  .argument('<folders...>', 'data sets in the IUGC 2025 layout, described together')
  .option(
    '--cross-validation <folders...>',
    'cross-validations of this data, whose held-out predictions show suspicious labels; several, with different seeds, are better',
  )
  .option('--json', 'print everything as JSON')
  .option('--html <file>', 'also write a page')
  .option('--all', 'print every group of duplicates and every suspicious label, not just a few')
  .action(async (folders: string[], { crossValidation, json, html, all }: Options) => {
    // Loaded here, so that `--help` need not wait for what reads images.
    const { describeData, formatDataCard } = await import('../train/describe/index.js');
    const { card, pictures } = await interruptible('nothing was changed', async (signal) => {
      const progress = openFrameProgress('frames');
      const drawn = html === undefined ? 0 : SUSPECTS_DRAWN;
      return describeData(folders, {
        crossValidations: crossValidation,
        pictures: drawn,
        signal,
        onProgress: progress.show,
      }).finally(progress.close);
    });
    console.log(json ? JSON.stringify(card, null, 2) : formatDataCard(card, { all }));
    if (html !== undefined) {
      const { dataCardPage } = await import('../report/data-card/page.js');
      await writeFileAtomically(html, dataCardPage(card, pictures));
      console.error(html);
    }
  });

await run(program);
