import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { LimitError } from '../../../src/index.js';
import {
  type EpochScores,
  isSearchFolder,
  loadConfig,
  parseSpace,
  readSearch,
  resolveConfig,
  type SearchInput,
  search,
  searchSummarySchema,
  type TrainingConfig,
  TrainingError,
  type TrialRunner,
} from '../../../src/train/index.js';
import { temporaryFolder } from '../dataset/temporary.js';

const EPOCHS = 4;

/** What a run would score after an epoch: it falls, the lower the nearer σ is to 2. */
function scoresAt(epoch: number, config: TrainingConfig): EpochScores {
  const apd = 10 + 10 * Math.abs(config.loss.sigma - 2) + 5 / epoch;
  return { epoch, validationApd: apd, validationLoss: 100 - apd, validationAopMae: null };
}

/** Runs of four epochs that take no time and leave the files of a run. */
const runner: TrialRunner = async ({ config, out, epochEnded }) => {
  await mkdir(out, { recursive: true });
  for (const file of ['config.json', 'state.safetensors', 'best.safetensors', 'last.safetensors']) {
    await writeFile(join(out, file), JSON.stringify(config));
  }
  for (let epoch = 1; epoch <= EPOCHS; epoch++) if (await epochEnded(scoresAt(epoch, config))) return;
};

async function inputOf(changed: Partial<SearchInput> = {}): Promise<SearchInput & { lines: string[] }> {
  const lines: string[] = [];
  return {
    out: join(await temporaryFolder(), 'search'),
    config: resolveConfig({ training: { epochs: EPOCHS } }),
    distributions: parseSpace('{"loss.sigma":{"type":"float","low":1,"high":4}}'),
    ...{ objective: 'apd', trials: 8, sampler: 'tpe', pruner: 'none', seed: 0, run: runner },
    log: (line) => lines.push(line),
    lines,
    ...changed,
  };
}

describe('search', () => {
  test('tries as many settings as asked for, and writes the best as a configuration', async () => {
    const input = await inputOf();
    const summary = await search(input);
    expect(summary.trials.map(({ state }) => state)).toEqual(new Array(8).fill('complete'));
    const values = summary.trials.map(({ value }) => Number(value));
    expect(summary.best).toBe(values.indexOf(Math.min(...values)));
    // The value is that of the best epoch, here the last.
    const leader = summary.trials[summary.best ?? -1];
    const sigma = Number(leader.parameters['loss.sigma']);
    expect(leader.value).toBeCloseTo(10 + 10 * Math.abs(sigma - 2) + 5 / EPOCHS, 9);
    expect(leader.reports.map(({ epoch }) => epoch)).toEqual([1, 2, 3, 4]);
    const best = await loadConfig(join(input.out, 'best.json'));
    expect(best).toEqual({ ...input.config, loss: { ...input.config.loss, sigma } });
    expect(summary.importance).toEqual({ 'loss.sigma': 1 });
    expect((await readdir(join(input.out, 'trials'))).sort()).toEqual(
      summary.trials.map(({ number }) => String(number).padStart(3, '0')),
    );
    expect(input.lines[1]).toMatch(/^trial 0: complete, APD \d+\.\d\d px; best is trial 0, APD \d+\.\d\d px$/);
  });

  test('keeps the weights of complete trials, and nothing that a finished one no longer needs', async () => {
    const input = await inputOf({ pruner: 'median', sampler: 'random', trials: 12 });
    const { trials } = await search(input);
    expect(new Set(trials.map(({ state }) => state))).toEqual(new Set(['complete', 'pruned']));
    for (const { number, state } of trials) {
      const files = await readdir(join(input.out, 'trials', String(number).padStart(3, '0')));
      expect(files.sort()).toEqual(state === 'complete' ? ['best.safetensors', 'config.json'] : ['config.json']);
    }
  });

  test('cuts short what the pruner gives up', async () => {
    const { trials } = await search(await inputOf({ pruner: 'halving', trials: 12 }));
    const pruned = trials.filter(({ state }) => state === 'pruned');
    expect(pruned.length).toBeGreaterThan(2);
    for (const { reports, value } of pruned) {
      expect(reports.length).toBeLessThan(EPOCHS);
      expect(value).toBe(reports.at(-1)?.value);
    }
  });

  test('writes a summary that its schema knows, and that can be read while it runs', async () => {
    const input = await inputOf({ trials: 5 });
    expect(await isSearchFolder(input.out)).toBe(false);
    await expect(readSearch(input.out)).rejects.toThrow(/journal\.log does not exist; give the folder of a search/);
    const summary = await search(input);
    expect(await isSearchFolder(input.out)).toBe(true);
    expect(await readSearch(input.out)).toEqual(summary);
    const written = JSON.parse(await readFile(join(input.out, 'search.json'), 'utf8'));
    expect(searchSummarySchema.parse(written)).toEqual(summary);
  });

  test('makes the loss small where that is the objective, and keeps the epochs best by it', async () => {
    const input = await inputOf({ objective: 'loss' });
    const { trials, best } = await search(input);
    expect(input.lines[0]).toBe(
      'note: losses cannot be compared between trials that differ in loss.sigma; --objective apd can',
    );
    // The loss of these runs is the smaller the larger the distance: after the first epoch, and far from 2.
    expect(trials[best ?? -1].parameters['loss.sigma']).toBeGreaterThan(3);
    expect(trials[0].value).toBe(trials[0].reports[0].value);
    expect((await loadConfig(join(input.out, 'best.json'))).training.selectBy).toBe('loss');
  });

  test('fails a trial without a score, and goes on', async () => {
    const { trials, best } = await search(await inputOf({ objective: 'aop', trials: 2 }));
    expect(trials.map(({ state, reason }) => [state, reason])).toEqual(
      new Array(2).fill(['failed', 'no epoch had a score']),
    );
    expect(best).toBeNull();
  });

  test.each([
    ['a loss that is no number', new TrainingError('The loss became NaN in epoch 1.')],
    ['too little memory', new LimitError('A batch of 64 does not fit.')],
  ])('fails a trial for %s, and goes on', async (_, error) => {
    const run: TrialRunner = async (trial) => {
      if (trial.config.loss.sigma > 2.5) throw error;
      await runner(trial);
    };
    const input = await inputOf({ run });
    const { trials } = await search(input);
    expect(trials).toHaveLength(8);
    for (const { state, reason, parameters } of trials) {
      const bad = Number(parameters['loss.sigma']) > 2.5;
      expect([state, reason]).toEqual(bad ? ['failed', error.message] : ['complete', null]);
    }
    expect(input.lines.some((line) => line.endsWith(`failed. ${error.message}`))).toBe(true);
  });

  test('stopped in the middle of a trial it goes on with that one, and with its files', async () => {
    const input = await inputOf({ trials: 4 });
    let started = 0;
    const resumed: { out: string; resume: boolean; config: TrainingConfig }[] = [];
    const stopping: TrialRunner = async (trial) => {
      started += 1;
      if (started < 3) return runner(trial);
      await mkdir(trial.out, { recursive: true });
      await writeFile(join(trial.out, 'state.safetensors'), 'the middle of epoch 3');
      await trial.epochEnded(scoresAt(1, trial.config));
      throw new Error('Ctrl-C');
    };
    await expect(search({ ...input, run: stopping })).rejects.toThrow('Ctrl-C');
    const before = await readSearch(input.out);
    expect(before.trials.map(({ state, reason }) => [state, reason])).toEqual([
      ['complete', null],
      ['complete', null],
      ['failed', 'Ctrl-C'],
      ['waiting', null],
    ]);
    const going: TrialRunner = async (trial) => {
      const state = join(trial.out, 'state.safetensors');
      if (existsSync(state)) expect(await readFile(state, 'utf8')).toBe('the middle of epoch 3');
      resumed.push(trial);
      await runner(trial);
    };
    const after = await search({ ...input, run: going });
    expect(after.trials.map(({ state }) => state)).toEqual(['complete', 'complete', 'failed', 'complete', 'complete']);
    expect(after.trials[3].parameters).toEqual(before.trials[2].parameters);
    expect(resumed.map(({ out, resume }) => [out, resume])).toEqual([
      [join(input.out, 'trials', '003'), true],
      [join(input.out, 'trials', '004'), false],
    ]);
    expect(existsSync(join(input.out, 'trials', '002'))).toBe(false);
    expect(after.trials.slice(0, 2)).toEqual(before.trials.slice(0, 2));
  });

  test('hands a trial back whatever goes wrong, and goes on with it', async () => {
    const input = await inputOf({ trials: 2 });
    await mkdir(input.out);
    // Where the folders of the runs should go.
    await writeFile(join(input.out, 'trials'), '');
    await expect(search(input)).rejects.toThrow(/EEXIST|ENOTDIR/);
    await rm(join(input.out, 'trials'));
    expect(await readdir(join(input.out, 'workers'))).toEqual([]);
    const { trials } = await search(input);
    expect(trials.map(({ state }) => state)).toEqual(['failed', 'complete', 'complete']);
    expect(trials[1].parameters).toEqual(trials[0].parameters);
  });

  test('leaves word that it had a trial where it cannot even hand that back', async () => {
    const input = await inputOf({ trials: 1 });
    const file = join(input.out, 'journal.log');
    const full: TrialRunner = async (trial) => {
      // The file is gone, and everything that is written fails as on a full disk.
      await rename(file, `${file}.before`);
      await symlink('/dev/full', file);
      await runner(trial);
    };
    await expect(search({ ...input, run: full })).rejects.toThrow(/journal\.log has become shorter/);
    expect(await readdir(join(input.out, 'workers'))).toHaveLength(1);
  });

  test('can be prolonged, and is done at once where it is complete', async () => {
    const input = await inputOf({ trials: 3 });
    const first = await search(input);
    expect(await search(input)).toEqual(first);
    const longer = await search({ ...input, trials: 5 });
    expect(longer.trials.slice(0, 3)).toEqual(first.trials);
    expect(longer.trials).toHaveLength(5);
  });

  test('is shared by several at once, none of which does what another has done', async () => {
    const input = await inputOf({ trials: 8 });
    const slow: TrialRunner = async (trial) => {
      await new Promise((resolve) => setTimeout(resolve, 20));
      await runner(trial);
    };
    await Promise.all([search({ ...input, run: slow }), search({ ...input, run: slow })]);
    const { trials } = await readSearch(input.out);
    expect(trials).toHaveLength(8);
    expect(trials.every(({ state }) => state === 'complete')).toBe(true);
    expect(new Set(trials.map(({ parameters }) => parameters['loss.sigma'])).size).toBe(8);
  });

  test('draws the same trials again from the same seed', async () => {
    const [first, second] = [await search(await inputOf({ trials: 3 })), await search(await inputOf({ trials: 3 }))];
    expect(second.trials.map(({ parameters }) => parameters)).toEqual(first.trials.map(({ parameters }) => parameters));
    const other = await search(await inputOf({ seed: 1, trials: 1 }));
    expect(other.trials[0].parameters).not.toEqual(first.trials[0].parameters);
  });

  test('refuses the folder of another search before it writes anything', async () => {
    const input = await inputOf({ trials: 1 });
    await search(input);
    const before = await readFile(join(input.out, 'journal.log'), 'utf8');
    const other = { ...input, config: resolveConfig({ training: { epochs: 9 } }) };
    await expect(search(other)).rejects.toThrow('training.epochs is 4 there and 9 here');
    await expect(search({ ...input, objective: 'loss' })).rejects.toThrow('objective is "apd" there and "loss" here');
    expect(await readFile(join(input.out, 'journal.log'), 'utf8')).toBe(before);
  });

  test('refuses a space that the configuration cannot have, and makes no folder', async () => {
    const input = await inputOf({ distributions: parseSpace('{"loss.sigma":{"type":"float","low":1,"high":400}}') });
    await expect(search(input)).rejects.toThrow(/^search space: loss\.sigma is 400; give/);
    expect(existsSync(input.out)).toBe(false);
  });
});
