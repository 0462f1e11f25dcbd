import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { loadConfig, readSearch, type SearchSummary } from '../../src/train/index.js';
import { temporaryFolder } from '../train/dataset/temporary.js';
import { writePhantomSet } from '../train/loop/phantom-set.js';
import { build, type Outcome, outcomeOf, run, start } from './command.js';

const settings = {
  model: { base: 1, depth: 3, inputSize: 32 },
  loss: { sigma: 1 },
  training: { epochs: 2, batchSize: 2 },
};

/** Holds data/, config.json and space.json. */
let parent: string;
const at = (...path: string[]) => join(parent, ...path);
beforeAll(async () => {
  await build();
  parent = await temporaryFolder();
  await writePhantomSet(at('data'), { train: 4, validation: 2, test: 0 });
  await writeFile(at('config.json'), JSON.stringify(settings));
});

const args = (out: string, ...more: string[]) => ['--data', 'data', '--config', 'config.json', '--out', out, ...more];
const search = (out: string, ...more: string[]): Promise<Outcome> => run('search', args(out, ...more), { cwd: parent });

/** What the study holds of a trial is what its run has written. */
async function expectReportsOfRun(out: string, { number, reports }: SearchSummary['trials'][number]): Promise<void> {
  const folder = at(out, 'trials', String(number).padStart(3, '0'));
  const lines = (await readFile(join(folder, 'metrics.jsonl'), 'utf8')).trimEnd().split('\n');
  expect(lines.map((line) => JSON.parse(line).validationApd)).toEqual(reports.map(({ value }) => value));
}

describe('search', () => {
  test('trains trials in folders of their own and prints the best settings, ready to train with', async () => {
    const { code, output, errors } = await search('first', '--trials', '3');
    expect([code, errors.filter((line) => /^trial \d: (?!optimizer)/.test(line)).length]).toEqual([0, 3]);
    expect(output).toMatch(/^3 trials: 3 complete\nbest: trial [012], validation APD \d+\.\d\d px\n/);
    expect(output).toMatch(/\n {2}loss\.sigma {14}\d\.\d+/);
    expect(output).toMatch(/\nto train with it: npm run train -- --config first\/best\.json\n$/);
    const { best, trials } = await readSearch(at('first'));
    const leader = trials[best ?? -1];
    const { loss, optimizer } = await loadConfig(at('first', 'best.json'));
    expect(leader.parameters).toEqual({
      'optimizer.learningRate': optimizer.learningRate,
      'loss.lambda': loss.name === 'keypoint' ? loss.lambda : Number.NaN,
      'loss.sigma': loss.sigma,
      'optimizer.clipNorm': optimizer.clipNorm,
    });
    await expectReportsOfRun('first', leader);
    expect(leader.value).toBe(Math.min(...leader.reports.map(({ value }) => Number(value))));
  });

  test('stopped by Ctrl-C it goes on with the same trial where that was, and knows all of its epochs', async () => {
    const space = '{"optimizer.learningRate":{"type":"float","low":0.001,"high":0.01,"log":true}}';
    await writeFile(at('space.json'), space);
    const more = ['--trials', '1', '--space', 'space.json', '--set', 'training.epochs=6'];
    const child = start('search', args('stopped', ...more), { cwd: parent });
    const ended = outcomeOf(child);
    child.stderr?.on('data', (chunk) => {
      if (/^epoch 2\//m.test(String(chunk))) child.kill('SIGINT');
    });
    const { code, errors } = await ended;
    expect([code, errors.at(-1)]).toEqual([130, 'search: stopped; run the same command again to resume.']);
    const { errors: lines, ...second } = await search('stopped', ...more);
    expect(second.code).toBe(0);
    expect(lines.some((line) => /^trial 1: .*; goes on where it was stopped$/.test(line))).toBe(true);
    const { trials } = await readSearch(at('stopped'));
    expect(trials.map(({ state }) => state)).toEqual(['failed', 'complete']);
    expect(trials[1].parameters).toEqual(trials[0].parameters);
    expect(trials[1].reports.map(({ epoch }) => epoch)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(trials[1].reports.slice(0, trials[0].reports.length)).toEqual(trials[0].reports);
    await expectReportsOfRun('stopped', trials[1]);
  });

  test('says in one sentence how the search in a folder differs', async () => {
    const other = await search('first', '--trials', '3', '--set', 'training.epochs=7');
    expect([other.code, other.output, other.errors.at(-1)]).toEqual([
      1,
      '',
      'first/journal.log holds another search: training.epochs is 2 there and 7 here; give the settings it was begun with, or another folder.',
    ]);
  });
});
