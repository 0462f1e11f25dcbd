import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { Workers } from '../../../src/train/search/workers.js';
import { eventually } from '../../support/eventually.js';
import { temporaryFolder } from '../dataset/temporary.js';

async function newWorkers() {
  const folder = join(await temporaryFolder(), 'workers');
  return { folder, workers: new Workers(folder), fileOf: (id: string) => join(folder, `${id}.json`) };
}

/** The number of a process that has been and is no more. */
async function deadProcess(): Promise<number> {
  const child = spawn(process.execPath, ['-e', '']);
  await once(child, 'exit');
  return Number(child.pid);
}

describe('Workers', () => {
  test('a worker lives while its process does, and leaves nothing behind', async () => {
    const { folder, workers } = await newWorkers();
    const leave = await workers.join('me');
    expect(await workers.isDead('me')).toBe(false);
    await leave({ idle: true });
    expect(await readdir(folder)).toEqual([]);
  });

  test('one that leaves with a trial under way stays known, so that it can be found dead', async () => {
    const { folder, workers } = await newWorkers();
    const leave = await workers.join('me');
    await leave({ idle: false });
    expect(await readdir(folder)).toEqual(['me.json']);
  });

  test('one whose process is gone is dead, where process numbers are those of this machine', async () => {
    const { workers, fileOf } = await newWorkers();
    const leave = await workers.join('me');
    const mine = JSON.parse(await readFile(fileOf('me'), 'utf8'));
    const pid = await deadProcess();
    await writeFile(fileOf('gone'), `${JSON.stringify({ ...mine, pid })}\n`);
    await writeFile(fileOf('elsewhere'), `${JSON.stringify({ ...mine, pid, processes: 'another machine' })}\n`);
    expect(await workers.isDead('gone')).toBe(true);
    expect(await workers.isDead('elsewhere')).toBe(false);
    await leave({ idle: true });
  });

  test('one that has been silent for two minutes is dead, wherever it ran', async () => {
    const { workers, fileOf } = await newWorkers();
    const leave = await workers.join('me');
    const ago = (seconds: number) => new Date(Date.now() - 1000 * seconds);
    await utimes(fileOf('me'), ago(60), ago(60));
    expect(await workers.isDead('me')).toBe(false);
    await utimes(fileOf('me'), ago(121), ago(121));
    expect(await workers.isDead('me')).toBe(true);
    await leave({ idle: true });
  });

  test('gives a sign of life every fifteen seconds', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    try {
      const { workers, fileOf } = await newWorkers();
      const leave = await workers.join('me');
      const before = await readFile(fileOf('me'), 'utf8');
      await utimes(fileOf('me'), new Date(0), new Date(0));
      vi.advanceTimersByTime(15_000);
      await eventually(async () => expect(await workers.isDead('me')).toBe(false));
      expect(await readFile(fileOf('me'), 'utf8')).toBe(before);
      await leave({ idle: true });
    } finally {
      vi.useRealTimers();
    }
  });

  test('one that never announced itself, or died while it did, is left alone', async () => {
    const { workers, fileOf } = await newWorkers();
    const leave = await workers.join('me');
    await writeFile(fileOf('half'), '{"host":');
    expect([await workers.isDead('optuna'), await workers.isDead('half')]).toEqual([false, false]);
    await leave({ idle: true });
  });
});
