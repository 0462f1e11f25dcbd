import { execFileSync } from 'node:child_process';
import { mkdir, open, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Command, InvalidArgumentError, Option } from 'commander';
import { withDevice } from '../src/cli/shared/device.js';
import { run } from '../src/cli/shared/run.js';
import { type CompareOptions, compareWithPeers, PEERS } from './comparison/compare.js';
import { formatComparison } from './comparison/table.js';
import { assertSound, type Report } from './report.js';
import { adapterSlug, type Results, readResults, withoutPaths } from './results.js';
import { type BenchOptions, runBench } from './run-bench.js';
import { BenchError } from './statistics.js';
import { suites } from './suites/index.js';
import { formatTorch, readTorch } from './torch.js';

interface Options extends BenchOptions {
  readonly json?: string;
  /** Programs of peers, or true for all. */
  readonly peers?: true | readonly string[];
  readonly save?: boolean;
  /** File of PyTorch's times on the same card. */
  readonly torch?: string;
}

const names = suites.map(({ name }) => name);

const programs = PEERS.map((peer) => peer.program);

const program = new Command('bench')
  .description(
    'Times kernels, training steps and inference, checks their results, and sets them against the best product.',
  )
  .option('--quick', 'a few small cases, for a smoke test')
  .option('--only <suites>', `comma-separated, of ${names.join(', ')}; matmul, the yardstick, always runs`, list)
  .option('--batch <n>', 'images in a batch, instead of each workload’s own', count)
  .addOption(
    new Option('--precision <kind>', 'f32, or mixed: images of f16, on matrix units where the adapter has them')
      .choices(['f32', 'mixed'])
      .default('f32'),
  )
  .option('--json <file>', 'write everything that was measured there as well')
  .option(
    '--peers [engines]',
    `then set sonde against other engines, which the first use installs: all, or some of ${programs.join(', ')}`,
    listPeers,
  )
  .option('--torch <file>', 'set layers and step beside what tools/pytorch/step_times.py wrote on the same card')
  .option('--save', 'keep the results and their plots under bench/results, by adapter')
  .action(async ({ json, peers, save, torch, ...options }: Options) => {
    if (save && (options.quick || options.only || options.batch)) {
      throw new BenchError('bench: --save keeps whole runs only; leave out --quick, --only and --batch.');
    }
    if (peers && options.precision === 'mixed') {
      throw new BenchError('bench: other engines compute in f32; leave out --peers or --precision.');
    }
    // Before anything is measured: minutes of work should not end at a misspelt path.
    if (json) await openForWriting(json);
    const lines = torch === undefined ? undefined : await readTorch(torch);
    if (peers || save) execFileSync(process.execPath, [`${root}scripts/peers.mjs`], { stdio: 'inherit' });
    const status = progressLine();
    const report = await withDevice({}, (device) => runBench(device, options, { print: console.log, status }));
    if (lines) console.log(`\n${formatTorch(report, lines)}`);
    // A comparison takes minutes more and may stop early: what there is, is kept.
    if (json) await writeFile(json, `${JSON.stringify(report, null, 2)}\n`);
    assertSound(report);
    if (save) await keep(report);
    if (!peers) return;
    const results = await compare(report, {
      only: peers === true ? undefined : peers,
      quick: options.quick ?? false,
      status,
    });
    if (json) await writeFile(json, `${JSON.stringify(results, null, 2)}\n`);
    if (save) await keep(results);
  });

/** From the bundle, which is one level below it. */
const root = fileURLToPath(new URL('..', import.meta.url));

/** The device is closed by now, so that nothing of it stands in the way of the engines' processes. */
async function compare(report: Report, options: CompareOptions): Promise<Results> {
  const { date, commit } = report.environment;
  const comparison = await compareWithPeers(options);
  console.log(`\n${formatComparison(comparison)}`);
  return { ...report, comparison: { ...comparison, date, commit } };
}

/** Writes results and plots. A comparison made earlier stays until there is a new one. */
async function keep(results: Results): Promise<void> {
  const folder = `${root}bench/results`;
  const kind = results.options.precision === 'mixed' ? '-mixed' : '';
  const name = `${adapterSlug(results.adapter.description)}${kind}`;
  const file = `${folder}/${name}.json`;
  const before = await readResults(file);
  await openForWriting(file);
  const kept: Results = { comparison: before?.comparison, ...withoutPaths(results) };
  await writeFile(file, `${JSON.stringify(kept, null, 1)}\n`);
  execFileSync(process.execPath, [`${root}bench/peers/dist/plots.js`, file, `${folder}/${name}`], { stdio: 'inherit' });
  console.log(`Kept in bench/results/${name}.json, with plots beside it.`);
}

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
  return chosen(text, 'suite', names);
}

function listPeers(text: string): string[] {
  return chosen(text, 'engine', programs);
}

function chosen(text: string, kind: string, known: readonly string[]): string[] {
  const wanted = text.split(',').map((name) => name.trim());
  const unknown = wanted.filter((name) => !known.includes(name));
  if (unknown.length > 0) throw new InvalidArgumentError(`There is no ${kind} ${unknown.join(', ')}.`);
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
