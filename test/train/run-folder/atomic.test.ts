import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { writeFileAtomically } from '../../../src/train/run-folder/index.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sonde-atomic-'));
});
afterEach(() => rm(folder, { recursive: true }));

describe('writeFileAtomically', () => {
  it('writes text and bytes, makes folders and replaces what was there', async () => {
    const path = join(folder, 'checkpoints', 'best');
    await writeFileAtomically(path, 'first, and longer');
    await writeFileAtomically(path, Uint8Array.of(0, 255, 10));
    expect([...(await readFile(path))]).toEqual([0, 255, 10]);
    expect(await readdir(join(folder, 'checkpoints'))).toEqual(['best']);
  });

  it('leaves the target and no temporary file when a write fails', async () => {
    // A folder stands where the file should be: the temporary file is written, and the rename fails.
    await mkdir(join(folder, 'taken', 'inside'), { recursive: true });
    await expect(writeFileAtomically(join(folder, 'taken'), 'text')).rejects.toThrow();
    expect(await readdir(folder)).toEqual(['taken']);
    expect(await readdir(join(folder, 'taken'))).toEqual(['inside']);
  });

  it('never shows a reader half a file', async () => {
    const path = join(folder, 'shared');
    const size = 1 << 20;
    await writeFileAtomically(path, 'a'.repeat(size));
    let writing = true;
    const writer = (async () => {
      for (let round = 0; round < 20; round++) await writeFileAtomically(path, 'ab'[round % 2].repeat(size));
      writing = false;
    })();
    const seen = new Set<string>();
    while (writing) {
      const text = await readFile(path, 'utf8');
      expect(text.length).toBe(size);
      expect(text === text[0].repeat(size)).toBe(true);
      seen.add(text[0]);
    }
    await writer;
    expect(seen.size).toBeGreaterThan(0);
  });
});
