import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { RandomStream } from '../../../src/train/philox.js';
import type { Distributions } from '../../../src/train/search/distribution.js';
import { MedianPruner, NoPruner, type Pruner } from '../../../src/train/search/pruner.js';
import { RandomSampler } from '../../../src/train/search/sampler.js';
import { parametersOf, Study, type StudyOptions } from '../../../src/train/search/study.js';
import { temporaryFolder } from '../dataset/temporary.js';

const distributions: Distributions = {
  rate: { type: 'float', low: 1e-5, high: 1e-3, log: true, step: null },
  grid: { type: 'categorical', choices: ['linspace', 'pixel-centre'] },
};

async function optionsOf(changed: Partial<StudyOptions> = {}): Promise<StudyOptions> {
  return {
    path: join(await temporaryFolder(), 'journal.log'),
    name: 'search',
    distributions,
    conditions: { objective: 'apd', 'model.base': 4 },
    sampler: new RandomSampler(),
    pruner: new NoPruner(),
    seed: 3,
    ...changed,
  };
}

async function ask(study: Study, limit = 100) {
  const trial = await study.ask(limit);
  if (trial === undefined) throw new Error('there is no trial left');
  return trial;
}

describe('Study', () => {
  test("draws each trial's parameters from the seed and its number", async () => {
    const options = await optionsOf();
    const study = await Study.open(options);
    for (const number of [0, 1]) {
      const trial = await ask(study);
      const random = new RandomStream('trial', { seed: 3, epoch: 0, index: number });
      expect(trial).toMatchObject({ number, state: 'running', workerId: study.workerId, distributions });
      expect(trial.internals).toEqual(new RandomSampler().suggest(distributions, [], random));
      expect(parametersOf(trial).grid).toBe(['linspace', 'pixel-centre'][trial.internals.grid]);
    }
  });

  test('stops asking once there are enough trials, failed ones included', async () => {
    const study = await Study.open(await optionsOf());
    const [first, second] = [await ask(study, 2), await ask(study, 2)];
    await study.complete(first, 1);
    await study.fail(second, 'the loss became NaN');
    expect(await study.ask(2)).toBeUndefined();
    expect(study.trials[1]).toMatchObject({ state: 'failed', userAttributes: { reason: 'the loss became NaN' } });
    expect((await ask(study, 3)).number).toBe(2);
  });

  test('fails a trial that came to NaN, as Optuna does, and completes one that came to infinity', async () => {
    const study = await Study.open(await optionsOf());
    expect(await study.complete(await ask(study), Number.NaN)).toBe(true);
    expect(await study.complete(await ask(study), Number.POSITIVE_INFINITY)).toBe(true);
    expect(study.trials[0]).toMatchObject({ state: 'failed', userAttributes: { reason: 'its value is NaN' } });
    expect(study.trials[0].value).toBeUndefined();
    expect(study.trials[1]).toMatchObject({ state: 'complete', value: Number.POSITIVE_INFINITY });
    expect(study.best?.number).toBe(1);
  });

  test('keeps reports, and gives a pruned trial the last of them as its value', async () => {
    const study = await Study.open(await optionsOf());
    const trial = await ask(study);
    expect([await study.report(trial, 1, 9), await study.report(trial, 2, 7)]).toEqual(['continue', 'continue']);
    expect(await study.prune(trial)).toBe(true);
    expect(study.trials[0]).toMatchObject({
      state: 'pruned',
      value: 7,
      intermediateValues: new Map([
        [1, 9],
        [2, 7],
      ]),
    });
  });

  test('asks the pruner after each report, and keeps what it notes', async () => {
    const pruner: Pruner = {
      decide: ({ intermediateValues }) => ({
        prune: intermediateValues.size === 2,
        systemAttributes: { completed_rung_0: 5 },
      }),
    };
    const study = await Study.open(await optionsOf({ pruner }));
    const trial = await ask(study);
    expect([await study.report(trial, 1, 9), await study.report(trial, 2, 7)]).toEqual(['continue', 'prune']);
    expect(study.trials[0].systemAttributes).toEqual({ completed_rung_0: 5 });
  });

  test('the best is the first complete trial with the smallest value', async () => {
    const study = await Study.open(await optionsOf());
    expect(study.best).toBeUndefined();
    for (const value of [3, 1, 2, 1]) await study.complete(await ask(study), value);
    const pruned = await ask(study);
    await study.report(pruned, 1, 0);
    await study.prune(pruned);
    expect(study.best?.number).toBe(1);
  });

  test('goes on where it was opened again, and by a second process at the same time', async () => {
    const options = await optionsOf();
    const first = await Study.open(options);
    await first.complete(await ask(first), 4);
    const running = await ask(first);
    const second = await Study.open(options);
    expect((await ask(second)).number).toBe(2);
    await first.complete(running, 2);
    await second.sync();
    expect(second.trials.map(({ state }) => state)).toEqual(['complete', 'complete', 'running']);
    expect(second.best?.number).toBe(1);
  });

  test('lets only the process that runs a trial end it', async () => {
    const options = await optionsOf();
    const [first, second] = [await Study.open(options), await Study.open(options)];
    const trial = await ask(first);
    await second.sync();
    expect(await second.complete(trial, 0)).toBe(false);
    expect(await second.report(trial, 1, 0)).toBe('lost');
    expect(await first.complete(trial, 5)).toBe(true);
    expect(await first.complete(trial, 6)).toBe(false);
    await second.sync();
    expect(second.trials[0].value).toBe(5);
  });
});

describe('a trial that was stopped', () => {
  test('waits in a new one with the same parameters, and does not count', async () => {
    const study = await Study.open(await optionsOf());
    const trial = await ask(study, 1);
    await study.handBack(trial, 'Ctrl-C');
    expect(study.trials[0]).toMatchObject({ state: 'failed', userAttributes: { stopped: 'Ctrl-C' } });
    const again = await ask(study, 1);
    expect(again).toMatchObject({ number: 1, internals: trial.internals, state: 'running', workerId: study.workerId });
    expect(again.systemAttributes).toMatchObject({ failed_trial: 0, retry_history: [0] });
    expect(again.started).toBeDefined();
    await study.complete(again, 1);
    expect(await study.ask(1)).toBeUndefined();
  });

  test('by the death of its process is taken over; a living one is left alone', async () => {
    const dead = new Set<string>();
    const options = await optionsOf({ isDead: async (id) => dead.has(id) });
    const [first, second] = [await Study.open(options), await Study.open(options)];
    const trial = await ask(first, 2);
    expect((await ask(second, 2)).number).toBe(1);
    dead.add(first.workerId);
    const taken = await ask(second, 2);
    expect(taken).toMatchObject({ number: 2, internals: trial.internals, workerId: second.workerId });
    expect(await first.report(trial, 1, 5)).toBe('lost');
    expect(await first.complete(trial, 5)).toBe(false);
  });

  test('with three deaths is not tried again, and counts', async () => {
    const options = await optionsOf({ isDead: async () => true });
    for (let deaths = 0; deaths < 3; deaths++) await ask(await Study.open(options), 1);
    const study = await Study.open(options);
    expect(await study.ask(1)).toBeUndefined();
    expect(study.trials.map(({ state }) => state)).toEqual(['failed', 'failed', 'failed']);
    expect(study.trials[2].userAttributes).toEqual({ reason: 'its process has died, 3 times' });
  });

  test('before it had parameters leaves none behind', async () => {
    const options = await optionsOf({ isDead: async () => true });
    const first = await Study.open(options);
    await ask(first, 2);
    // As if the process had died between the two writes that make a trial.
    const lines = (await readFile(options.path, 'utf8')).split('\n');
    await writeFile(
      options.path,
      lines
        .slice(0, 3)
        .map((line) => `${line}\n`)
        .join(''),
    );
    const second = await Study.open(options);
    expect(await ask(second, 1)).toMatchObject({ number: 1, systemAttributes: {} });
  });

  test("parameters that Optuna's enqueue_trial has fixed are tried, the others drawn", async () => {
    const options = await optionsOf();
    const study = await Study.open(options);
    const line = {
      ...{ op_code: 4, worker_id: 'dashboard', study_id: 0, datetime_start: null, state: 4, value: null, values: null },
      ...{ distributions: {}, params: {}, user_attrs: {}, system_attrs: { fixed_params: { grid: 'pixel-centre' } } },
      intermediate_values: {},
    };
    await writeFile(options.path, `${await readFile(options.path, 'utf8')}${JSON.stringify(line)}\n`);
    const trial = await ask(study);
    expect(parametersOf(trial)).toEqual({ grid: 'pixel-centre', rate: expect.any(Number) });
  });
});

describe('a study of another search is refused in one sentence', () => {
  const other = { type: 'float', low: 1e-5, high: 1e-2, log: true, step: null } as const;
  test.each([
    [
      { distributions: { ...distributions, rate: other } },
      'rate is 0.00001 to 0.001, logarithmic there and 0.00001 to 0.01, logarithmic here',
    ],
    [{ distributions: { rate: distributions.rate } }, 'grid is searched there and not here'],
    [{ distributions: { ...distributions, sigma: other } }, 'sigma is searched here and not there'],
    [{ conditions: { objective: 'loss', 'model.base': 4 } }, 'objective is "apd" there and "loss" here'],
    [{ conditions: { objective: 'apd' } }, 'model.base is 4 there and not set here'],
  ])('%j', async (changed, finding) => {
    const options = await optionsOf();
    const study = await Study.open(options);
    await study.complete(await ask(study), 1);
    const before = await readFile(options.path, 'utf8');
    await expect(Study.open({ ...options, ...changed })).rejects.toThrow(
      `${options.path} holds another search: ${finding}; give the settings it was begun with, or another folder.`,
    );
    expect(await readFile(options.path, 'utf8')).toBe(before);
  });

  test('also where Optuna began it, and only its trials tell', async () => {
    const options = await optionsOf();
    const distribution = JSON.stringify(
      JSON.stringify({ name: 'FloatDistribution', attributes: { step: null, low: 0, high: 1, log: false } }),
    );
    const lines = [
      '{"op_code":0,"worker_id":"w","study_name":"search","directions":[1]}',
      '{"op_code":4,"worker_id":"w","study_id":0,"datetime_start":null}',
      `{"op_code":5,"worker_id":"w","trial_id":0,"param_name":"rate","param_value_internal":0.5,"distribution":${distribution}}`,
    ];
    await writeFile(options.path, lines.map((line) => `${line}\n`).join(''));
    await expect(Study.open(options)).rejects.toThrow('rate is 0 to 1 there and 0.00001 to 0.001, logarithmic here');
    await writeFile(options.path, `${lines[0].replace('[1]', '[2]')}\n`);
    await expect(Study.open(options)).rejects.toThrow('its values are not to be made small');
  });
});

test('the median pruner sees the reports of other processes', async () => {
  const options = await optionsOf({ pruner: new MedianPruner() });
  const [first, second] = [await Study.open(options), await Study.open(options)];
  for (const value of [1, 2, 3, 4, 5]) {
    const trial = await ask(first);
    await first.report(trial, 1, value);
    await first.complete(trial, value);
  }
  expect(await second.report(await ask(second), 1, 3.5)).toBe('prune');
  expect(await second.report(await ask(second), 1, 2.5)).toBe('continue');
});

/** A study that Optuna itself has written. */
const fixture = fileURLToPath(new URL('../../../../shared/fixtures/optuna/journal.log', import.meta.url));

test.skipIf(!existsSync(fixture))(
  "what a study writes has the fields of Optuna's own (shared/fixtures/optuna/journal.log)",
  async () => {
    const options = await optionsOf();
    const study = await Study.open(options);
    const [first, second, third] = [await ask(study), await ask(study), await ask(study)];
    await study.report(first, 1, 0.5);
    await study.complete(first, 0.5);
    await study.report(second, 1, 0.5);
    await study.prune(second);
    await study.fail(third, 'no reason');
    const shapesIn = async (file: string) => {
      const shapes = new Map<string, unknown>();
      for (const line of (await readFile(file, 'utf8')).trimEnd().split('\n')) {
        const { op_code, ...fields } = JSON.parse(line);
        const type = (value: unknown) => (Array.isArray(value) ? 'array' : value === null ? 'null' : typeof value);
        const shape = Object.entries(fields).map(([key, value]) => `${key}: ${type(value)}`);
        const distribution = fields.distribution && JSON.parse(fields.distribution);
        const parts = distribution ? [distribution.name, ...Object.keys(distribution.attributes).sort()] : [];
        shapes.set([op_code, fields.state ?? '', parts[0] ?? ''].join(' ').trim(), [...shape, ...parts]);
      }
      return shapes;
    };
    const [ours, theirs] = [await shapesIn(options.path), await shapesIn(fixture)];
    // A study, its trials, both kinds of parameters, a report, an attribute and all three ends.
    const kinds = ['0', '4', '5  FloatDistribution', '5  CategoricalDistribution', '7', '8', '6 1', '6 2', '6 3'];
    for (const kind of kinds) {
      expect(theirs.has(kind)).toBe(true);
      expect(ours.get(kind)).toEqual(theirs.get(kind));
    }
  },
);
