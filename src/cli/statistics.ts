import { Command, Option } from 'commander';
import type { Split } from '../train/dataset/index.js';
import { writeFileAtomically } from '../train/run-folder/index.js';
import { type CorrectedDifference, compareRuns } from '../train/significance/index.js';
import { run } from './shared/run.js';

interface Options {
  readonly split: Split;
  readonly json?: string;
}

const program = new Command('statistics')
  .description('Tests whether evaluated runs differ on the same frames: Wilcoxon signed-rank, Holm-corrected.')
  .argument('<runs...>', 'folders of two or more runs')
  .addOption(
    new Option('--split <name>', 'frames to compare on').choices(['test', 'validation', 'train']).default('test'),
  )
  .option('--json <file>', 'also write the results to this file')
  .action(async (runs: string[], { split, json }: Options) => {
    const comparison = await compareRuns(runs, split);
    console.log(`${split}, ${comparison.frames} frames, pixels of a 512 frame:`);
    for (const { run: name, apd, aopMae } of comparison.runs) {
      console.log(
        `  ${name}: APD ${apd.toFixed(2)} px, AoP error ${aopMae === undefined ? 'none' : `${aopMae.toFixed(2)}°`}`,
      );
    }
    for (const { first, second, distance, angle } of comparison.pairs) {
      console.log(`${first} − ${second}:`);
      if (distance) console.log(`  APD        ${text(distance, ' px')}`);
      if (angle) console.log(`  AoP error  ${text(angle, '°')}`);
    }
    console.log('p: Wilcoxon signed-rank, two-sided; adjusted: by Holm over all tests shown');
    if (json !== undefined) await writeFileAtomically(json, `${JSON.stringify(comparison, null, 2)}\n`);
  });

function text({ frames, mean, interval, median, p, adjustedP }: CorrectedDifference, unit: string): string {
  const { low, high } = interval;
  return (
    `${mean.toFixed(2)}${unit} (95 %: ${low.toFixed(2)} to ${high.toFixed(2)}), median ${median.toFixed(2)}${unit}, ` +
    `${frames} frames; ${probability(p)}, adjusted ${probability(adjustedP)}`
  );
}

function probability(p: number): string {
  return p < 0.001 ? 'p < 0.001' : `p = ${p.toFixed(3)}`;
}

await run(program);
