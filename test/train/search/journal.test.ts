import { existsSync, readFileSync } from 'node:fs';
import { appendFile, readdir, readFile, stat, symlink, truncate, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { withFileLock } from '../../../src/train/search/journal/file-lock.js';
import { Journal } from '../../../src/train/search/journal/journal.js';
import { formatRecord, type JournalRecord, OPERATION, parseRecord } from '../../../src/train/search/journal/record.js';
import { folderOf, temporaryFolder } from '../dataset/temporary.js';

/** A study that Optuna itself has written. */
const fixture = fileURLToPath(new URL('../../../../shared/fixtures/optuna/journal.log', import.meta.url));

const STUDY = '{"op_code":0,"worker_id":"w","study_name":"s","directions":[1]}';
const TRIAL = '{"op_code":4,"worker_id":"w","study_id":0,"datetime_start":"2026-01-01T00:00:00.000000+00:00"}';
const newTrial = { op_code: OPERATION.createTrial, study_id: 0, datetime_start: null };

async function journalOf(...lines: string[]): Promise<{ journal: Journal; path: string }> {
  const path = join(await folderOf({ 'journal.log': lines.map((line) => `${line}\n`).join('') }), 'journal.log');
  return { path, journal: new Journal(path) };
}

async function trialsOf(...lines: string[]) {
  const { journal } = await journalOf(...lines);
  await journal.sync();
  return journal.studies()[0].trials;
}

const set = (trial: number, state: number, values: string, worker = 'w') =>
  `{"op_code":6,"worker_id":"${worker}","trial_id":${trial},"state":${state},"values":${values},"datetime_complete":"2026-01-02"}`;

describe.skipIf(!existsSync(fixture))("a study of Optuna's (shared/fixtures/optuna/journal.log)", () => {
  test('is understood: states, values, parameters, reports and attributes', async () => {
    const journal = new Journal(fixture);
    await journal.sync();
    const [study, ...others] = journal.studies();
    expect([study.name, study.directions, others]).toEqual(['dsnt-deepunet', [1], []]);
    const { trials } = study;
    expect(trials.map(({ state }) => state)).toEqual([
      ...['complete', 'complete', 'complete', 'pruned'],
      ...['failed', 'complete', 'pruned', 'complete'],
    ]);
    expect(trials.map(({ number }) => number)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(trials[3]).toEqual({
      id: 3,
      number: 3,
      state: 'pruned',
      value: 1.1415875288593669,
      internals: {
        learningRate: 0.00039656750817710094,
        lambda: 0.8374496868436812,
        sigma: 3.3415875288593666,
        clipNorm: 0.6795446867577728,
        batchSize: 12,
        grid: 1,
      },
      distributions: {
        learningRate: { type: 'float', low: 1e-5, high: 1e-3, log: true, step: null },
        lambda: { type: 'float', low: 0.1, high: 10, log: true, step: null },
        sigma: { type: 'float', low: 1, high: 4, log: false, step: null },
        clipNorm: { type: 'float', low: 0.1, high: 5, log: false, step: null },
        batchSize: { type: 'int', low: 2, high: 16, log: false, step: 2 },
        grid: { type: 'categorical', choices: ['linspace', 'pixel-centre'] },
      },
      intermediateValues: new Map([
        [0, 1.0415875288593668],
        [1, 1.1415875288593669],
      ]),
      userAttributes: {},
      systemAttributes: {},
      started: '2026-11-22T11:37:44.754353+00:00',
      completed: '2026-11-22T11:37:44.763784+00:00',
      workerId: 'c065f011-2da5-4e79-96e3-9fcc6d3e637f-140227999809600',
    });
    expect(trials[4].value).toBeUndefined();
    expect(trials[0].userAttributes).toEqual({ adapter: 'llvmpipe' });
  });

  test('is written again field by field', () => {
    const lines = readFileSync(fixture, 'utf8').trimEnd().split('\n');
    for (const line of lines) {
      const again = formatRecord(parseRecord(line, 'a line'));
      expect(Object.entries(JSON.parse(again))).toEqual(Object.entries(JSON.parse(line)));
    }
  });
});

describe('records', () => {
  test("numbers that JSON lacks are written as Python's, and read", () => {
    const line = '{"op_code":7,"worker_id":"w","trial_id":0,"step":1,"intermediate_value":NaN}';
    expect(formatRecord(parseRecord(line, 'a line'))).toBe(line);
    const infinite = parseRecord(set(0, 2, '[-Infinity]'), 'a line');
    expect(formatRecord(infinite)).toContain('"values":[-Infinity]');
    const text = { op_code: 8, worker_id: 'w', trial_id: 0, user_attr: { note: '"NaN", Infinity' } } as const;
    expect(parseRecord(formatRecord(text), 'a line')).toEqual(text);
  });

  test('any value of an attribute comes back', () => {
    fc.assert(
      fc.property(fc.jsonValue({ depthSize: 'small' }), fc.double(), (attribute, value) => {
        const records: JournalRecord[] = [
          { op_code: 2, worker_id: 'w', study_id: 0, user_attr: { attribute } },
          { op_code: 7, worker_id: 'w', trial_id: 0, step: 0, intermediate_value: value },
        ];
        for (const record of records) {
          const line = formatRecord(record);
          expect(line).not.toContain('\n');
          // JSON has no −0.
          expect(parseRecord(line, 'a line')).toEqual(withNumbers(record));
        }
      }),
    );
  });

  test.each([
    ['{"op_code":99,"worker_id":"w"}', /^f, line 3, is no record of an Optuna journal \(op_code: /],
    ['{"op_code":4,"worker_id":"w"}', /\(study_id: /],
    ['{"op_code":4,', /\(it is not JSON\); the file is damaged or written by a newer Optuna: restore it/],
    ['', /it is not JSON/],
    ['[NaN', /it is not JSON/],
  ])('says where a line is that is none: %s', (line, message) => {
    expect(() => parseRecord(line, 'f, line 3,')).toThrow(message);
  });
});

function withNumbers(record: JournalRecord): unknown {
  return JSON.parse(
    JSON.stringify(record, (_, v) => (typeof v === 'number' && !Number.isFinite(v) ? `#${v}` : v)),
    (_, v) => (typeof v === 'string' && /^#(-?Infinity|NaN)$/.test(v) ? Number(v.slice(1)) : v),
  );
}

describe('what records amount to', () => {
  test('a finished trial does not change any more', async () => {
    const [trial] = await trialsOf(STUDY, TRIAL, set(0, 1, '[3]'), set(0, 3, 'null'), set(0, 1, '[1]'));
    expect([trial.state, trial.value, trial.completed]).toEqual(['complete', 3, '2026-01-02']);
  });

  test('a waiting trial goes to the first that starts it', async () => {
    const waiting = '{"op_code":4,"worker_id":"w","study_id":0,"datetime_start":null,"state":4,"params":{"x":2}}';
    const [trial] = await trialsOf(STUDY, waiting, set(0, 0, 'null', 'a'), set(0, 0, 'null', 'b'));
    expect([trial.state, trial.workerId, trial.internals]).toEqual(['running', 'a', { x: 2 }]);
  });

  test('a study whose name is taken is not made again; a deleted one is gone, and its number is not used again', async () => {
    const other = STUDY.replace('"s"', '"t"');
    const { journal } = await journalOf(STUDY, STUDY, other, '{"op_code":1,"worker_id":"w","study_id":0}', STUDY);
    await journal.sync();
    expect(journal.studies().map(({ id, name }) => [id, name])).toEqual([
      [1, 't'],
      [2, 's'],
    ]);
  });

  test('trials are counted within their study, ids in the file', async () => {
    const other = STUDY.replace('"s"', '"t"');
    const trials = await trialsOf(STUDY, other, TRIAL.replace('"study_id":0', '"study_id":1'), TRIAL, TRIAL);
    expect(trials.map(({ id, number }) => [id, number])).toEqual([
      [1, 0],
      [2, 1],
    ]);
  });

  test('a line about a trial that is not there is an error', async () => {
    await expect(trialsOf(STUDY, TRIAL, set(1, 1, '[3]'))).rejects.toThrow(
      /line 3, is about trial 1 of the file, of which there are 1; lines are missing/,
    );
  });

  test('a distribution of another kind is an error that shows it', async () => {
    const old = '{\\"name\\":\\"UniformDistribution\\",\\"attributes\\":{\\"low\\":0,\\"high\\":1}}';
    const line = `{"op_code":5,"worker_id":"w","trial_id":0,"param_name":"x","param_value_internal":0,"distribution":"${old}"}`;
    await expect(trialsOf(STUDY, TRIAL, line)).rejects.toThrow(/line 3, has a distribution .*UniformDistribution/);
  });
});

describe('the file', () => {
  test('is read on from where the last look ended', async () => {
    const { journal, path } = await journalOf(STUDY, TRIAL);
    await journal.sync();
    await appendFile(path, `${TRIAL}\n${TRIAL}\n`);
    expect(journal.studies()[0].trials).toHaveLength(1);
    await Promise.all([journal.sync(), journal.sync(), journal.sync()]);
    expect(journal.studies()[0].trials).toHaveLength(3);
  });

  test.each([0, 1, 17, TRIAL.length - 1, TRIAL.length])(
    'with a last line torn after %d bytes is read, and goes on whole',
    async (bytes) => {
      const { journal, path } = await journalOf(STUDY, TRIAL);
      const whole = await readFile(path, 'utf8');
      await appendFile(path, TRIAL.slice(0, bytes));
      await journal.sync();
      expect(journal.studies()[0].trials).toHaveLength(1);
      await journal.exclusively((append) => append([newTrial]));
      const text = await readFile(path, 'utf8');
      expect(text.startsWith(whole)).toBe(true);
      expect(text.slice(whole.length)).toMatch(/^\{"op_code":4,[^\n]*\}\n$/);
      expect(journal.studies()[0].trials).toHaveLength(2);
    },
  );

  test('with a spoilt line in the middle names the line', async () => {
    const { journal, path } = await journalOf(STUDY, TRIAL.slice(0, 30), TRIAL);
    await expect(journal.sync()).rejects.toThrow(`${path}, line 2, is no record of an Optuna journal`);
  });

  test('that becomes shorter is an error', async () => {
    const { journal, path } = await journalOf(STUDY, TRIAL);
    await journal.sync();
    await truncate(path, 10);
    await expect(journal.sync()).rejects.toThrow(/has become shorter, from \d+ to 10 bytes/);
  });

  test('is as it was when it cannot be written, and the error says what to do', async () => {
    // Every write to this device fails as on a full disk.
    const path = join(await temporaryFolder(), 'journal.log');
    await symlink('/dev/full', path);
    const journal = new Journal(path);
    const writing = journal.exclusively((append) => append([{ op_code: 0, study_name: 's', directions: [1] }]));
    await expect(writing).rejects.toThrow(
      /journal\.log cannot be written \(ENOSPC\); .* what was in the file before is intact\.$/,
    );
    expect(journal.studies()).toEqual([]);
    // The lock is free again.
    await journal.exclusively(async () => {});
  });
});

/** A clock that stands still but for what the test lets pass, and tells how often it has been looked at. */
function stoppedClock() {
  // Whole numbers, of which differences are exact.
  let now = 1000;
  let looks = 0;
  vi.spyOn(performance, 'now').mockImplementation(() => {
    looks += 1;
    return now;
  });
  return {
    advance(milliseconds: number) {
      now += milliseconds;
    },
    async looks(more: number) {
      for (const wanted = looks + more; looks < wanted; ) await sleep(1);
    },
  };
}

describe('withFileLock', () => {
  afterEach(() => {
    vi.restoreAllMocks();
  });

  const lockIn = async () => join(await temporaryFolder(), 'journal.log');

  test("is a symbolic link to the file, as Optuna's, while it is held", async () => {
    const file = await lockIn();
    await withFileLock(file, async () => {
      expect(await readdir(join(file, '..'))).toEqual(['journal.log.lock']);
    });
    expect(await readdir(join(file, '..'))).toEqual([]);
  });

  test('lets one in at a time', async () => {
    const file = await lockIn();
    let [inside, most, sum] = [0, 0, 0];
    const enter = () =>
      withFileLock(file, async () => {
        most = Math.max(most, ++inside);
        const before = sum;
        await stat(join(file, '..'));
        sum = before + 1;
        inside -= 1;
      });
    await Promise.all(Array.from({ length: 10 }, enter));
    expect([most, sum]).toEqual([1, 10]);
  });

  test('is released when the body fails', async () => {
    const file = await lockIn();
    await expect(withFileLock(file, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(await readdir(join(file, '..'))).toEqual([]);
  });

  test.each(['link', 'file'])('a %s that a dead process has left is broken after the grace period', async (kind) => {
    const file = await lockIn();
    if (kind === 'link') await symlink(file, `${file}.lock`);
    else await writeFile(`${file}.lock`, '');
    const clock = stoppedClock();
    let entered = false;
    const enter = async () => {
      entered = true;
    };
    const waiting = withFileLock(file, enter, { gracePeriod: 30_000 });
    await clock.looks(5);
    clock.advance(30_000);
    await clock.looks(5);
    expect(entered).toBe(false);
    clock.advance(1);
    await waiting;
    expect(entered).toBe(true);
    expect(await readdir(join(file, '..'))).toEqual([]);
  });

  test('what a process leaves that is killed while it releases goes with the next release', async () => {
    const file = await lockIn();
    await symlink(file, `${file}.lock.released`);
    await withFileLock(file, async () => {});
    expect(await readdir(join(file, '..'))).toEqual([]);
  });

  test('one that changes is not broken: its holders are alive', async () => {
    const file = await lockIn();
    await writeFile(`${file}.lock`, '');
    const clock = stoppedClock();
    let entered = false;
    const enter = async () => {
      entered = true;
    };
    const waiting = withFileLock(file, enter, { gracePeriod: 30_000 });
    for (let renewals = 1; renewals <= 5; renewals++) {
      await clock.looks(3);
      clock.advance(20_000);
      await utimes(`${file}.lock`, new Date(), renewals);
    }
    await clock.looks(3);
    expect(entered).toBe(false);
    clock.advance(30_001);
    await waiting;
    expect(entered).toBe(true);
  });

  test('one that was taken for dead leaves the lock of its successor alone', async () => {
    const file = await lockIn();
    await withFileLock(file, async () => {
      await withFileLock(
        file,
        async () => {
          expect(await readdir(join(file, '..'))).toEqual(['journal.log.lock']);
        },
        { gracePeriod: 0 },
      );
      await symlink(file, `${file}.lock`);
    });
    expect(await readdir(join(file, '..'))).toEqual(['journal.log.lock']);
  });

  test('says where the lock cannot be made', async () => {
    await expect(withFileLock(join(await temporaryFolder(), 'nowhere', 'j'), async () => {})).rejects.toThrow(
      /nowhere\/j\.lock cannot be made \(ENOENT\); check that the folder is there/,
    );
  });
});
