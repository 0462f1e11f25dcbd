import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadCase, readDataset } from '../../../src/train/dataset/index.js';
import { generatePhantom, PHANTOM_VERSION, writePhantomDataset } from '../../../src/train/phantom/index.js';
import { temporaryFolder } from '../dataset/temporary.js';

const options = {
  seed: 9,
  counts: { train: 10, validation: 3, test: 2 },
  difficulty: 1,
  size: 64,
  workers: 0,
} as const;
const newFolder = async () => join(await temporaryFolder(), 'set');

describe('writePhantomDataset', () => {
  it('writes what readDataset reads: the labels to the last digit, the pictures but for JPEG', async () => {
    const root = await newFolder();
    const seen: number[] = [];
    await writePhantomDataset(root, { ...options, onProgress: (done) => seen.push(done) });
    expect(seen).toEqual(Array.from({ length: 16 }, (_, i) => i));
    let index = 0;
    for (const split of ['train', 'validation', 'test'] as const) {
      const cases = await readDataset(root, split);
      expect(cases).toHaveLength(options.counts[split]);
      for (const labelled of cases) {
        const { frame, landmarks, aop } = await loadCase(labelled);
        const phantom = generatePhantom({ ...options, index: index++ });
        expect(landmarks).toEqual(phantom.landmarks);
        expect(aop).toBe(phantom.aop);
        const error =
          frame.pixels.reduce((sum, v, i) => sum + Math.abs(v * 255 - phantom.pixels[i]), 0) / frame.pixels.length;
        expect(error).toBeLessThan(phantom.profile.encoding.format === 'png' ? 1e-4 : 6);
      }
    }
  });

  it('names every image .jpg though some are PNG, as the public data do', async () => {
    const root = await newFolder();
    await writePhantomDataset(root, options);
    const folder = join(root, 'Training', 'Labeled cases');
    const images = (await readdir(folder)).filter((file) => file.endsWith('.jpg'));
    expect(images).toHaveLength(10);
    const starts = await Promise.all(images.map(async (file) => (await readFile(join(folder, file)))[0]));
    expect(new Set(starts)).toEqual(new Set([0xff, 0x89]));
  });

  it('says in about.json how it was made, and makes the same set of the same options', async () => {
    const [a, b] = [await newFolder(), await newFolder()];
    await writePhantomDataset(a, options);
    await writePhantomDataset(b, options);
    const about = JSON.parse(await readFile(join(a, 'about.json'), 'utf8'));
    expect(about).toMatchObject({ version: PHANTOM_VERSION, seed: 9, difficulty: 1, size: 64, counts: options.counts });
    const files = (await readdir(a, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
    expect(files).toHaveLength(15 + 3 + 2 + 1);
    for (const { parentPath, name } of files) {
      const path = join(parentPath, name);
      expect(await readFile(path.replace(a, b))).toEqual(await readFile(path));
    }
  });

  it('leaves nothing behind when stopped', async () => {
    const root = await newFolder();
    const stop = new AbortController();
    const onProgress = (done: number) => {
      if (done === 4) stop.abort();
    };
    await expect(writePhantomDataset(root, { ...options, signal: stop.signal, onProgress })).rejects.toThrow(/abort/i);
    expect(await readdir(join(root, '..'))).toEqual([]);
  });

  it('passes on what goes wrong half-way, and leaves nothing behind', async () => {
    const root = await newFolder();
    const onProgress = (done: number) => {
      if (done === 4) throw new Error('the terminal is gone');
    };
    await expect(writePhantomDataset(root, { ...options, onProgress })).rejects.toThrow('the terminal is gone');
    expect(await readdir(join(root, '..'))).toEqual([]);
  });

  it('refuses counts of which no set can be made', async () => {
    const root = await newFolder();
    const none = { train: 0, validation: 0, test: 0 };
    await expect(writePhantomDataset(root, { ...options, counts: none })).rejects.toThrow('all counts are 0');
    const half = { train: 1.5, validation: 0, test: 0 };
    await expect(writePhantomDataset(root, { ...options, counts: half })).rejects.toThrow('1.5 frames for train');
    await expect(writePhantomDataset(root, { ...options, size: 8 })).rejects.toThrow('8×8');
  });
});
