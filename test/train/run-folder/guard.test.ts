import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test } from 'vitest';
import { GUARD_FILE, RunFolderError, withGuard } from '../../../src/train/run-folder/index.js';
import { build } from '../../cli/command.js';
import { temporaryFolder } from '../dataset/temporary.js';

const script = fileURLToPath(new URL('guard-worker.mjs', import.meta.url));
const worker = (folder: string, what: string) =>
  spawn(process.execPath, [script, folder, what], { stdio: ['ignore', 'pipe', 'inherit'] });
const doing = 'training';

async function holder(folder: string): Promise<ChildProcess> {
  const child = worker(folder, 'hold');
  await once(child.stdout as NodeJS.ReadableStream, 'data');
  return child;
}

async function kill(child: ChildProcess): Promise<void> {
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}

beforeAll(() => build());

describe('withGuard', () => {
  test('refuses a folder that another process has, and names it', async () => {
    const folder = join(await temporaryFolder(), 'run');
    const child = await holder(folder);
    try {
      const refused = withGuard(folder, { doing, create: true }, async () => 1);
      await expect(refused).rejects.toThrow(RunFolderError);
      await expect(refused).rejects.toThrow(
        `${folder} is in use: process ${child.pid} on ${hostname()} has been training there since 2`,
      );
    } finally {
      await kill(child);
    }
  });

  test('ends with its process, however that ends, and at once', async () => {
    const folder = join(await temporaryFolder(), 'run');
    for (let i = 0; i < 3; i++) {
      const child = await holder(folder);
      await writeFile(join(folder, 'config.json'), '{}');
      await kill(child);
      // What it left names a process that is gone, and hinders nobody.
      expect(JSON.parse(await readFile(join(folder, GUARD_FILE), 'utf8')).pid).toBe(child.pid);
      expect(await withGuard(folder, { doing }, async () => readFile(join(folder, GUARD_FILE), 'utf8'))).toContain(
        `"pid":${process.pid},`,
      );
    }
    expect(await readdir(folder)).toEqual(['config.json']);
  });

  test('holds within a process too, and again after an error', async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, 'config.json'), '{}');
    const failing = withGuard(folder, { doing }, async () => {
      await expect(withGuard(folder, { doing }, async () => 1)).rejects.toThrow(`process ${process.pid} on`);
      throw new Error('failed');
    });
    await expect(failing).rejects.toThrow('failed');
    expect(await withGuard(folder, { doing }, async () => 2)).toBe(2);
  });

  test('makes a folder where it should, and leaves none that is empty', async () => {
    const folder = join(await temporaryFolder(), 'a', 'run');
    expect(await withGuard(folder, { doing }, async () => existsSync(folder))).toBe(false);
    expect(await withGuard(folder, { doing, create: true }, async () => existsSync(folder))).toBe(true);
    expect(existsSync(folder)).toBe(false);
  });

  test('lets one of many processes in at a time, though each removes the file that it locked', async () => {
    const parent = await temporaryFolder();
    const folder = join(parent, 'run');
    await mkdir(folder);
    const children = Array.from({ length: 4 }, () => worker(folder, '40'));
    const codes = await Promise.all(children.map(async (child) => (await once(child, 'exit'))[0]));
    expect(codes).toEqual([0, 0, 0, 0]);
    expect(existsSync(join(parent, 'inside'))).toBe(false);
  });
});
