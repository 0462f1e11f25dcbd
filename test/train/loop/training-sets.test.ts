import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { beforeEach, describe, expect, test } from 'vitest';
import { labelsCsv } from '../../../src/train/dataset/labels.js';
import { parseDataSource, readDataset, resolveConfig, runTraining } from '../../../src/train/index.js';
import type { RunInput } from '../../../src/train/loop/index.js';
import { readSeenCorrections } from '../../../src/train/run-folder/seen-corrections.js';
import { sharedDevice } from '../../support/device.js';
import { writtenTo } from '../../support/written.js';
import { temporaryFolder } from '../dataset/temporary.js';
import { writePhantomSet } from './phantom-set.js';

const config = resolveConfig({
  model: { base: 1, depth: 3, inputSize: 32 },
  loss: { sigma: 1 },
  training: { epochs: 1, batchSize: 2, seed: 5 },
});

let parent: string;
let data: string;
let corrected: string;
beforeEach(async () => {
  parent = await temporaryFolder();
  [data, corrected] = [join(parent, 'iugc'), join(parent, 'corrected')];
  await writePhantomSet(data, { train: 3, validation: 2, test: 1 });
  // Frames that only the second set has: phantoms are numbered through.
  const all = join(parent, 'all');
  await writePhantomSet(all, { train: 9, validation: 0, test: 0 });
  await saveCorrections(all, [6, 7, 8]);
});

/** What the page saves: pictures with labels, and which of them a person has moved. All but the first were. */
async function saveCorrections(from: string, numbers: readonly number[]): Promise<void> {
  const cases = await readDataset(from, 'train');
  const folder = join(corrected, 'Training', 'Labeled cases');
  await mkdir(folder, { recursive: true });
  const rows = numbers.map((number, i) => {
    const { file, landmarks } = cases[number];
    const moved = { ...landmarks, fh1: { ...landmarks.fh1, x: landmarks.fh1.x + (i === 0 ? 0 : 2) } };
    return { file, predicted: landmarks, landmarks: moved, aop: undefined };
  });
  for (const { file } of rows) await cp(join(from, 'Training', 'Labeled cases', file), join(folder, file));
  await writeFile(join(folder, 'label.csv'), labelsCsv('train', rows));
  const frames = rows.map(({ file, predicted }, i) => ({ file, predicted, corrected: i > 0 }));
  const document = { version: 1, created: '2026-01-01T00:00:00.000Z', model: { name: 'first', sha256: 'aa' }, frames };
  await writeFile(join(corrected, 'corrections.json'), JSON.stringify(document));
}

async function run(name: string, input: Partial<RunInput>): Promise<{ out: string; lines: string[] }> {
  const out = join(parent, name);
  const stream = new PassThrough();
  const device = await sharedDevice();
  await runTraining({ device, data, config, out, stream, calibrate: false, ...input });
  return { out, lines: writtenTo(stream).trimEnd().split('\n') };
}

const both = () => [
  { folder: data, weight: 1 },
  { folder: corrected, weight: 2 },
];
const json = async (...path: string[]) => JSON.parse(await readFile(join(...path), 'utf8'));

test('the loop closes: a run on the data, then one from its weights on the corrections too, which says so', async () => {
  const first = await run('first', {});
  expect(await readSeenCorrections(first.out)).toEqual({ version: 1, trained: [], inherited: [] });
  const init = { weights: first.out, layers: 'all' } as const;
  const { out, lines } = await run('second', { data: both(), init });
  expect(lines.slice(0, 4)).toEqual([
    'reading 6 training and 2 validation frames',
    '  iugc: 3 training frames',
    '  corrected: 3 training frames, weight 2',
    'note: 2 training frames were corrected by a person, 1 confirmed',
  ]);
  expect(lines[4]).toMatch(
    /^note: starting from .*first\/best\.safetensors \(SHA-256 .*\): 32 of 32 tensors loaded: enc1/,
  );
  expect(await json(out, 'run.json')).toMatchObject({ data: both(), init: { layers: 'all' } });
  expect((await json(out, 'training-set.json')).sets).toEqual([
    { name: 'iugc', weight: 1, frames: 3, replaced: 0 },
    { name: 'corrected', weight: 2, frames: 3, replaced: 0 },
  ]);
  const { trained } = await readSeenCorrections(out);
  expect(trained.map(({ file, corrected: moved }) => [file, moved])).toEqual([
    ['phantom-06.png', false],
    ['phantom-07.png', true],
    ['phantom-08.png', true],
  ]);
  // The next run starts from these weights, and is trained on the data alone.
  const third = await run('third', { init: { ...init, weights: join(out, 'last.safetensors') } });
  expect((await readSeenCorrections(third.out)).inherited).toEqual(trained);
  expect(third.lines).toContain(
    'note: 0 training frames were corrected by a person, 0 confirmed; the weights it starts from have seen 3 other ones',
  );
});

describe('pictures that two sets have in common', () => {
  test('in training: the labels of the later set count', async () => {
    await saveCorrections(data, [1]);
    const { out, lines } = await run('second', { data: both() });
    expect(lines).toContain('note: 1 training frame is in a later data set too, whose labels are used');
    expect((await json(out, 'training-set.json')).sets[0]).toEqual({ name: 'iugc', weight: 1, frames: 2, replaced: 1 });
  });

  test.each([
    ['Validation', 'validation', 'phantom-03.png'],
    ['Testing', 'test', 'phantom-05.png'],
  ])('in training and %s: refused, with their names', async (folder, split, file) => {
    const place = join(corrected, 'Training', 'Labeled cases');
    await cp(join(data, folder, file), join(place, 'phantom-07.png'));
    await expect(run('second', { data: both() })).rejects.toThrow(
      new RegExp(
        `^1 training frame is nearly the same as a .* corrected/phantom-07\\.png and the ${split} frame iugc/${file}`,
      ),
    );
  });
});

describe('sets that cannot be trained on', () => {
  test('corrections alone have no validation frames', async () => {
    await expect(run('second', { data: corrected })).rejects.toThrow(
      /found no folder Validation .* Training needs validation frames to select its best epoch by; name a data set that has some with another --data\./,
    );
  });

  test('a folder with neither, a ZIP file, a folder given twice, a damaged list of corrections', async () => {
    const refused = (sources: readonly string[]) =>
      expect(run('second', { data: sources.map((folder) => ({ folder, weight: 1 })) })).rejects;
    await refused([data, parent]).toThrow(/found no folder Training \(folders there: /);
    await refused([data, 'training-set.zip']).toThrow(
      'training-set.zip is a ZIP file; unpack it, and give the folder.',
    );
    await refused([data, data]).toThrow(/iugc is given twice; give it once, with a weight: .*iugc=2\.$/);
    await writeFile(join(corrected, 'corrections.json'), '{}');
    await refused([data, corrected]).toThrow(/corrections\.json is damaged; unpack the training set again/);
  });

  test('a run that is resumed before its first checkpoint wants the weights it was started from', async () => {
    const first = await run('first', {});
    await cp(first.out, join(parent, 'changed'), { recursive: true });
    await rm(join(parent, 'changed', 'state.safetensors'));
    const init = { weights: join(first.out, 'best.safetensors'), layers: 'all', sha256: '0'.repeat(64) } as const;
    await expect(run('changed', { resume: true, init })).rejects.toThrow(
      /has changed since the run was started from it/,
    );
  });
});

describe('a data set as it is given on a command line', () => {
  test.each([
    ['iugc', 'iugc', 1],
    ['a/corrected=3', 'a/corrected', 3],
    ['corrected=0.5', 'corrected', 0.5],
    ['a=b/corrected', 'a=b/corrected', 1],
  ])('%s', (text, folder, weight) => {
    expect(parseDataSource(text)).toEqual({ folder, weight });
  });

  test.each(['a=0', 'a=', 'a=-1', 'a=x', 'a=101'])('%s is refused', (text) => {
    expect(() => parseDataSource(text)).toThrow(
      /the weight after = is ".*"; give a number above 0, up to 100, as in a=3/,
    );
  });

  test('a folder of such a name is taken as it is', async () => {
    const folder = join(await temporaryFolder(), 'threshold=3');
    await mkdir(folder);
    expect(parseDataSource(folder)).toEqual({ folder, weight: 1 });
  });
});
