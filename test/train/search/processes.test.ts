import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { beforeAll, expect, test } from 'vitest';
import { Journal } from '../../../src/train/search/journal/journal.js';
import { build } from '../../cli/command.js';
import { temporaryFolder } from '../dataset/temporary.js';

const script = fileURLToPath(new URL('study-worker.mjs', import.meta.url));

beforeAll(build);

interface Worker {
  readonly child: ChildProcess;
  /** Exit code, or null for a killed process. */
  readonly ended: Promise<number | null>;
  /** Trials that the study had accepted as complete, as far as the process could still say. */
  readonly accepted: number[];
}

function startWorker(path: string, folder: string, limit: number): Worker {
  const child = spawn(process.execPath, [script, path, folder, String(limit)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const accepted: number[] = [];
  let text = '';
  child.stdout?.on('data', (chunk) => {
    const lines = (text + chunk).split('\n');
    text = lines.pop() ?? '';
    accepted.push(...lines.map(Number));
  });
  return { child, accepted, ended: once(child, 'close').then(([code]) => code) };
}

async function studyIn(path: string) {
  const journal = new Journal(path);
  await journal.sync();
  const [study, ...others] = journal.studies();
  expect(others).toEqual([]);
  return study;
}

test('processes that are killed at any moment neither lose nor repeat a trial', async () => {
  const folder = await temporaryFolder();
  const path = join(folder, 'journal.log');
  const limit = 40;
  const all: Worker[] = [];
  const start = () => {
    const worker = startWorker(path, join(folder, 'workers'), limit);
    all.push(worker);
    return worker;
  };
  const survivors = [start(), start()];
  // Two at a time come and are killed, from before their first line to the middle of their work.
  for (const delay of [60, 200, 280, 360]) {
    const victims = [start(), start()];
    await sleep(delay);
    for (const { child } of victims) child.kill('SIGKILL');
    await Promise.all(victims.map(({ ended }) => ended));
  }
  expect(await Promise.all(survivors.map(({ ended }) => ended))).toEqual([0, 0]);
  // Whatever the victims had under way waits for whoever comes next.
  const last = start();
  expect(await last.ended).toBe(0);

  const { trials } = await studyIn(path);
  const accepted = all.flatMap((worker) => worker.accepted);
  expect(new Set(accepted).size).toBe(accepted.length);
  for (const number of accepted) expect(trials[number].state).toBe('complete');
  expect(trials.map(({ number }) => number)).toEqual(trials.map((_, i) => i));
  const complete = trials.filter(({ state }) => state === 'complete');
  // A killed process may have been stopped between the study's acceptance and its line.
  expect(complete.length - accepted.length).toBeGreaterThanOrEqual(0);
  expect(complete.length - accepted.length).toBeLessThanOrEqual(10);
  for (const trial of complete) {
    expect([trial.value, trial.intermediateValues.size]).toEqual([trial.internals.x, 3]);
  }
  // Every set of parameters came to an end once: what was stopped was tried again, unless too many had died of it.
  const givenUp = trials.filter(({ userAttributes }) => 'reason' in userAttributes);
  const ended = [...complete, ...givenUp].map(({ internals }) => internals.x);
  expect(new Set(ended).size).toBe(ended.length);
  expect(ended).toHaveLength(limit);
  const stopped = trials.filter(({ userAttributes }) => 'stopped' in userAttributes);
  expect(stopped.length + ended.length).toBe(trials.length);
  for (const { internals } of stopped) if ('x' in internals) expect(ended).toContain(internals.x);
  expect((await readFile(path, 'utf8')).endsWith('\n')).toBe(true);
  expect((await readdir(folder)).filter((name) => name.includes('.lock'))).toEqual([]);
});
