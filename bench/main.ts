import { mkdir, open, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { run, withDevice } from '../src/cli/shared/run.js';
import { assertSound } from './report.js';
import { type BenchOptions, runBench } from './run-bench.js';
import { BenchError } from './statistics.js';
import { suites } from './suites/index.js';

interface Options extends BenchOptions {
  readonly json?: string;
}

const names = suites.map(({ name }) => name);

const program = new Command('bench')
  .description(
    'Times kernels, training steps and inference, checks their results, and sets them against the best product.',
  )
  .option('--quick', 'a few small cases, for a smoke test')
  .option('--only <suites>', `comma-separated, of ${names.join(', ')}; matmul, the yardstick, always runs`, list)
  .option('--batch <n>', 'images in a batch, instead of each workload’s own', count)
  .option('--json <file>', 'write everything that was measured there as well')
  .action(async ({ json, ...options }: Options) => {
    await withDevice({}, async (device) => {
      // Before anything is measured: minutes of work should not end at a misspelt path.
      if (json) await openForWriting(json);
      const report = await runBench(device, options, { print: console.log, status: progressLine() });
      if (json) await writeFile(json, `${JSON.stringify(report, null, 2)}\n`);
      assertSound(report);
    });
  });

async function openForWriting(file: string): Promise<void> {
  try {
    await mkdir(dirname(file), { recursive: true });
    await (await open(file, 'a')).close();
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new BenchError(`bench: ${file} cannot be written (${code}); name another file.`, { cause });
  }
}

function list(text: string): string[] {
  const wanted = text.split(',').map((name) => name.trim());
  const unknown = wanted.filter((name) => !names.includes(name));
  if (unknown.length > 0) throw new InvalidArgumentError(`There is no suite ${unknown.join(', ')}.`);
  return wanted;
}

function count(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError('Give a whole number from 1.');
  return value;
}

/** One line on the terminal that the next one overwrites; nothing where the output is no terminal. */
function progressLine(): (text: string) => void {
  const { stderr } = process;
  return (text) => {
    if (stderr.isTTY) stderr.write(`\r\x1b[K${text}`);
  };
}

await run(program);
