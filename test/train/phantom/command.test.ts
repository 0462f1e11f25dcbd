import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { decodeFrame } from '../../../src/images/index.js';
import { writePhantomDataset } from '../../../src/train/phantom/index.js';
import { temporaryFolder } from '../dataset/temporary.js';

const script = fileURLToPath(new URL('../../../scripts/run.mjs', import.meta.url));
const start = (...args: string[]) =>
  spawn(process.execPath, [script, 'phantoms', ...args], { stdio: ['ignore', 'pipe', 'pipe'] });

async function outcome(child: ChildProcess): Promise<{ code: number | null; output: string; errors: string }> {
  let output = '';
  let errors = '';
  child.stdout?.on('data', (chunk) => {
    output += chunk;
  });
  child.stderr?.on('data', (chunk) => {
    errors += chunk;
  });
  const [code] = await once(child, 'close');
  return { code, output, errors };
}

describe('npm run phantoms', () => {
  it('writes with threads what the library writes without, and a contact sheet', async () => {
    const parent = await temporaryFolder();
    const counts = { train: 4, validation: 1, test: 1 };
    const args = ['--train', '4', '--validation', '1', '--test', '1', '--seed', '3', '--size', '64', '--workers', '2'];
    const sheet = join(parent, 'sheet.png');
    const { code, output, errors } = await outcome(
      start('--out', join(parent, 'a'), ...args, '--contact-sheet', sheet),
    );
    expect([code, errors.split('\n').at(-2)]).toEqual([0, 'phantoms: 6 of 6']);
    expect(output).toContain('4 training, 1 validation and 1 test frames (seed 3)');
    await writePhantomDataset(join(parent, 'b'), { seed: 3, counts, difficulty: 1, size: 64, workers: 0 });
    const files = (await readdir(join(parent, 'b'), { recursive: true, withFileTypes: true })).filter((entry) =>
      entry.isFile(),
    );
    expect(files).toHaveLength(6 + 5 + 1);
    for (const { parentPath, name } of files) {
      const path = join(parentPath, name);
      expect(await readFile(path.replace(join(parent, 'b'), join(parent, 'a')))).toEqual(await readFile(path));
    }
    const picture = await decodeFrame(await readFile(sheet), 'sheet.png');
    // Pictures of 288 px in three columns, however small the frames are, with 14 px between them and a margin of 24.
    expect(picture.width).toBe(2 * 24 + 3 * 288 + 2 * 14);
  });

  it('says in one sentence what is wrong, and fails', async () => {
    const parent = await temporaryFolder();
    const { code, output, errors } = await outcome(start('--out', join(parent, 'a'), '--size', '9'));
    expect([code, output, errors]).toEqual([
      1,
      '',
      'phantoms: frames of 9×9 pixels are not made; choose a size from 32 to 4096.\n',
    ]);
    const neither = await outcome(start());
    expect([neither.code, neither.errors]).toEqual([1, expect.stringContaining('give --out FOLDER')]);
  });

  it('leaves nothing behind when interrupted', async () => {
    const parent = await temporaryFolder();
    const child = start('--out', join(parent, 'a'), '--train', '50000', '--workers', '1', '--size', '256');
    const ended = outcome(child);
    while ((await readdir(parent)).length === 0 && child.exitCode === null)
      await new Promise((next) => setTimeout(next, 20));
    child.kill('SIGINT');
    const { code, errors } = await ended;
    expect([code, errors]).toEqual([130, 'phantoms: stopped; nothing was written.\n']);
    expect(await readdir(parent)).toEqual([]);
  });
});
