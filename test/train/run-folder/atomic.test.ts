import { watch } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { removePartial } from '../../../src/train/run-folder/atomic.js';
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

describe('removePartial', () => {
  it('removes what a killed write has left, and nothing that others have named alike', async () => {
    const ours = `.state.safetensors.${crypto.randomUUID()}.partial`;
    const others = ['.film.mkv.partial', 'state.safetensors', `${crypto.randomUUID()}.partial`];
    for (const name of [ours, ...others]) await writeFile(join(folder, name), '');
    await removePartial(folder);
    expect((await readdir(folder)).sort()).toEqual(others.sort());
  });

  it('knows the names that are written', async () => {
    // A file that is being watched for: its temporary file is caught while it is there.
    const watcher = watch(folder);
    const seen: string[] = [];
    watcher.on('change', (_, name) => seen.push(String(name)));
    await writeFileAtomically(join(folder, 'config.json'), 'x');
    await expect.poll(() => seen.find((name) => name.endsWith('.partial'))).toBeDefined();
    watcher.close();
    await writeFile(join(folder, seen.find((name) => name.endsWith('.partial')) ?? ''), '');
    await removePartial(folder);
    expect(await readdir(folder)).toEqual(['config.json']);
  });
});
