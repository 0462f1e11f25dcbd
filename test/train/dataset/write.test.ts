import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DatasetError, type DatasetImage, readDataset, writeDataset } from '../../../src/train/dataset/index.js';
import { folderOf, temporaryFolder } from './temporary.js';

const image = (file: string, x = 1): DatasetImage => ({
  file,
  bytes: new TextEncoder().encode(file),
  landmarks: { ps1: { x, y: 2 }, ps2: { x: 3, y: 4 }, fh1: { x: 5, y: 6 } },
  aop: 90 + x,
});
const everything = async (root: string) => (await readdir(root, { recursive: true })).sort();

describe('writeDataset', () => {
  it('writes the layout of the challenge', async () => {
    const root = join(await temporaryFolder(), 'deep', 'set');
    await writeDataset(
      root,
      async (writer) => {
        await writer.add('train', image('b.jpg'));
        await writer.add('train', image('a.jpg'));
        await writer.add('validation', image('c.jpg'));
        await writer.add('test', image('c.jpg'));
      },
      { about: { seed: 7 } },
    );
    expect(await everything(root)).toEqual(
      [
        'Testing',
        'Testing/aop_results.csv',
        'Testing/c.jpg',
        'Testing/landmarks_data.csv',
        'Training',
        'Training/Labeled cases',
        'Training/Labeled cases/a.jpg',
        'Training/Labeled cases/b.jpg',
        'Training/Labeled cases/label.csv',
        'Validation',
        'Validation/aop_results.csv',
        'Validation/c.jpg',
        'Validation/landmarks_data.csv',
        'about.json',
      ].map((path) => join(path)),
    );
    const text = (...path: string[]) => readFile(join(root, ...path), 'utf8');
    expect(await text('Training', 'Labeled cases', 'label.csv')).toBe(
      'Filename,PS1,PS2,FH1,AoP\na.jpg,"(1, 2)","(3, 4)","(5, 6)",91\nb.jpg,"(1, 2)","(3, 4)","(5, 6)",91\n',
    );
    expect(await text('Validation', 'landmarks_data.csv')).toContain('Filename,PS1,PS2,AOP Tangency\n');
    expect(await text('Testing', 'aop_results.csv')).toBe('Filename,AoP\nc.jpg,91\n');
    expect(JSON.parse(await text('about.json'))).toEqual({ seed: 7 });
  });

  it('reads back to the last digit', async () => {
    const coordinate = fc.double({ min: 0, max: 1e4, noNaN: true });
    const point = fc.record({ x: coordinate, y: coordinate });
    const labels = fc.record({ ps1: point, ps2: point, fh1: point });
    await fc.assert(
      fc.asyncProperty(
        labels,
        coordinate,
        fc.constantFrom('train' as const, 'test' as const),
        async (landmarks, aop, split) => {
          const root = join(await temporaryFolder(), 'set');
          await writeDataset(root, (writer) => writer.add(split, { ...image('a.jpg'), landmarks, aop }));
          const [read] = await readDataset(root, split);
          expect([read.landmarks, read.aop]).toEqual([landmarks, aop]);
        },
      ),
      { numRuns: 30 },
    );
  });

  it('leaves nothing behind when an image fails, nor when it is stopped', async () => {
    const parent = await temporaryFolder();
    const failing = writeDataset(join(parent, 'set'), async (writer) => {
      await writer.add('train', image('a.jpg'));
      throw new Error('out of ink');
    });
    await expect(failing).rejects.toThrow('out of ink');
    const stop = new AbortController();
    const stopped = writeDataset(
      join(parent, 'set'),
      async (writer) => {
        await writer.add('train', image('a.jpg'));
        expect(await readdir(parent)).toHaveLength(1);
        stop.abort();
        await writer.add('train', image('b.jpg'));
      },
      { signal: stop.signal },
    );
    await expect(stopped).rejects.toThrow(/abort/i);
    expect(await readdir(parent)).toEqual([]);
  });

  it('takes over an empty folder and refuses a full one, also one filled meanwhile', async () => {
    const empty = await temporaryFolder();
    await writeDataset(empty, (writer) => writer.add('train', image('a.jpg')));
    expect(await readDataset(empty, 'train')).toHaveLength(1);
    const full = await folderOf({ 'thesis.docx': 'years of work' });
    await expect(writeDataset(full, async () => {})).rejects.toThrow(/not empty \(1 entries\)/);
    const filled = await temporaryFolder();
    await expect(
      writeDataset(filled, async (writer) => {
        await writer.add('train', image('a.jpg'));
        await writeFile(join(filled, 'thesis.docx'), 'years of work');
      }),
    ).rejects.toThrow(/could not be written \(ENOTEMPTY/);
    expect(await readdir(filled)).toEqual(['thesis.docx']);
  });

  it('refuses a file name twice and one with folders', async () => {
    const root = join(await temporaryFolder(), 'set');
    const twice = writeDataset(root, async (writer) => {
      await writer.add('train', image('a.jpg'));
      await writer.add('train', image('A.jpg'));
    });
    await expect(twice).rejects.toThrow('train: the file name A.jpg is used twice');
    await expect(writeDataset(root, (writer) => writer.add('train', image('../a.jpg')))).rejects.toBeInstanceOf(
      DatasetError,
    );
  });
});
