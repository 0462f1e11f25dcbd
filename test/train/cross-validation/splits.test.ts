import { cp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  angleOfProgression,
  CrossValidationError,
  createSplits,
  DatasetError,
  findFoldCases,
  formatSplits,
  generatePhantom,
  parseSplits,
  type SplitOptions,
  type Splits,
  splitsSchema,
  stratumWarnings,
  writeDataset,
} from '../../../src/train/index.js';
import { temporaryFolder } from '../dataset/temporary.js';

const SIZE = 32;
const TRAIN = 'Training/Labeled cases';
const COUNTS = { train: 20, validation: 10, test: 3 };

/** frame-00.png to frame-32.png; frame-05.png is a darker copy of frame-25.png, which is in another split. */
let data: string;
/** Its frames in three folds. */
let three: Splits;
beforeAll(async () => {
  data = join(await temporaryFolder(), 'data');
  await writeDataset(data, async (writer) => {
    let index = 0;
    for (const split of ['train', 'validation', 'test'] as const) {
      for (let i = 0; i < COUNTS[split]; i++) {
        const phantom = generatePhantom({ seed: 4, index: index === 5 ? 25 : index, difficulty: 0, size: SIZE });
        const raw = sharp(phantom.pixels, { raw: { width: SIZE, height: SIZE, channels: 1 } });
        const bytes = await (index === 5 ? raw.linear(0.8) : raw).png().toBuffer();
        const { landmarks, aop } = phantom;
        await writer.add(split, { file: name(index), bytes, landmarks, aop });
        index += 1;
      }
    }
  });
  ({ splits: three } = await createSplits(data, { folds: 3 }));
});
const name = (index: number) => `frame-${String(index).padStart(2, '0')}.png`;
const path = (index: number) => `${index < COUNTS.train ? TRAIN : 'Validation'}/${name(index)}`;
const foldOf = ({ folds }: Splits, file: string) => folds.find(({ files }) => files.includes(file))?.fold;

/** A metadata file of these lines. */
async function metadata(...lines: string[]): Promise<string> {
  const file = join(await temporaryFolder(), 'metadata.csv');
  await writeFile(file, `${lines.join('\n')}\n`);
  return file;
}
const rows = (of: (index: number) => string, count = 30) =>
  Array.from({ length: count }, (_, i) => `${name(i)},${of(i)}`);

describe('createSplits', () => {
  test('holds out every training and validation frame once, by angle and folder, and writes what parseSplits reads', async () => {
    const { splits, folds } = await createSplits(data, { folds: 3, seed: 9 });
    expect(splits.folds.flatMap(({ files }) => files).sort()).toEqual(Array.from({ length: 30 }, (_, i) => path(i)));
    expect(folds.map((cases) => cases.map(({ file }) => file))).toEqual(splits.folds.map(({ files }) => files));
    expect(splits.data).toMatchObject({ splits: ['train', 'validation'], frames: 30 });
    // Twenty and ten frames for three folds: four and three bins, each with a frame for every fold.
    const edges = splits.strata.by === 'angle' ? splits.strata.edges : {};
    expect([edges[TRAIN].length, edges.Validation.length]).toEqual([3, 2]);
    for (const { strata } of splits.folds) expect(Object.keys(strata)).toHaveLength(7);
    for (const { strata } of splits.folds) {
      const validation = Object.entries(strata).filter(([stratum]) => stratum.startsWith('Validation, '));
      expect(validation.reduce((sum, [, count]) => sum + count, 0)).toBeGreaterThanOrEqual(3);
    }
    expect(parseSplits(JSON.stringify(splits), 'splits.json')).toEqual(splits);
    expect(stratumWarnings(splits)).toEqual([]);
  });

  test('strata by angle are quantile bins of the labels', async () => {
    const { splits, folds } = await createSplits(data, { folds: 2, splits: ['train'] });
    if (splits.strata.by !== 'angle') throw new Error('strata should be by angle');
    const edges = splits.strata.edges[TRAIN];
    const angles = folds.flat().map(({ landmarks }) => angleOfProgression(landmarks) ?? Number.NaN);
    expect(edges.map((edge) => angles.filter((angle) => angle <= edge).length)).toEqual([5, 10, 15]);
    const strata = new Set(Object.values(splits.frames).map(({ stratum }) => stratum));
    const [first, second, third] = edges.map((edge) => Number(edge.toFixed(1)));
    const bins = [`0° to ${first}°`, `${first}° to ${second}°`, `${second}° to ${third}°`, `${third}° to 180°`];
    expect(strata).toEqual(new Set(bins.map((bin) => `${TRAIN}, AoP ${bin}`)));
    for (const { file, landmarks } of folds.flat()) {
      const angle = angleOfProgression(landmarks) ?? Number.NaN;
      const bin = edges.findIndex((edge) => angle <= edge);
      expect(splits.frames[file].stratum).toBe(`${TRAIN}, AoP ${bins[bin < 0 ? 3 : bin]}`);
    }
  });

  test('the same data and seed give the same folds, another seed others', async () => {
    const texts = await Promise.all(
      [0, 0, 1].map(async (seed) => JSON.stringify((await createSplits(data, { folds: 4, seed })).splits.folds)),
    );
    expect(texts[0]).toBe(texts[1]);
    expect(texts[2]).not.toBe(texts[0]);
  });

  test('nearly equal frames stay together across splits', async () => {
    const { splits } = await createSplits(data, { folds: 8 });
    expect(splits.groups).toEqual([[path(5), path(25)]]);
    expect(foldOf(splits, path(5))).toBe(foldOf(splits, path(25)));
    const { splits: apart } = await createSplits(data, { folds: 8, nearDuplicateBits: 0 });
    expect(apart.groups).toEqual([]);
  });

  test('metadata give strata and patients, whatever the columns are called and however names are written', async () => {
    const presentation = (i: number) => (i % 2 === 0 ? 'Cephalic' : 'cephalic ');
    const file = await metadata(
      'File Name,Fetal presentation,Note,LATERALITY,Patient ID',
      ...Array.from({ length: 33 }, (_, i) => {
        const [folder, extension] = [i === 0 ? 'training\\Labeled Cases\\' : '', i === 1 ? '.jpg' : '.png'];
        const patient = i < 4 ? 'P1' : '';
        return `${folder}${name(i).replace('.png', extension)},${presentation(i)},x,${i % 3 === 0 ? 'left' : 'right'},${patient}`;
      }),
    );
    const { splits } = await createSplits(data, { folds: 3, metadata: file });
    expect(splits.strata).toEqual({ by: 'metadata', columns: ['Fetal presentation', 'LATERALITY'] });
    expect(splits.grouping.column).toBe('Patient ID');
    expect(splits.frames[path(0)].stratum).toBe('Cephalic × left');
    expect(splits.frames[path(1)].stratum).toBe('Cephalic × right');
    expect(splits.groups).toContainEqual([0, 1, 2, 3].map(path));
    for (const { strata } of splits.folds) {
      expect(Object.keys(strata)).toEqual(['Cephalic × left', 'Cephalic × right']);
      expect(Math.abs(strata['Cephalic × left'] - 10 / 3)).toBeLessThan(1);
    }
  });

  test('strata come from the columns that are named, and empty fields are a stratum', async () => {
    const file = await metadata('image,device,hospital', ...rows((i) => `${i % 2 ? 'A' : ''},H${i % 5}`));
    const { splits } = await createSplits(data, { folds: 2, metadata: file, strata: ['device'], group: 'hospital' });
    expect(splits.strata).toEqual({ by: 'metadata', columns: ['device'] });
    expect(new Set(Object.values(splits.frames).map(({ stratum }) => stratum))).toEqual(
      new Set(['A', 'unknown device']),
    );
    // The darker copy of a frame of another hospital, 25 % 5 = 5 % 5, joins nothing more.
    expect(splits.groups).toHaveLength(5);
  });

  test.each<[string, string[], SplitOptions, RegExp]>([
    [
      'unknown files',
      ['file,presentation', ...rows(() => 'cephalic'), 'ghost.png,cephalic', 'ghoul.png,breech'],
      {},
      /metadata\.csv names 2 of 32 files that are not in the data set, the first in row 32: ghost\.png; correct/,
    ],
    [
      'frames that are missing',
      ['file,presentation', ...rows(() => 'cephalic').slice(2, 29)],
      {},
      /metadata\.csv has no row for 3 of 30 frames, the first of them Training\/Labeled cases\/frame-00\.png; add/,
    ],
    [
      'a file twice',
      ['file,presentation', ...rows(() => 'cephalic'), 'frame-03.png,cephalic'],
      {},
      /metadata\.csv, row 32: frame-03\.png was already in row 5; keep one/,
    ],
    [
      'no column to stratify by',
      ['file,weight', ...rows(() => '3')],
      {},
      /no column presentation or laterality; name the columns .* --strata \(there are file, weight\)/,
    ],
    [
      'a column that is not there',
      ['file,presentation', ...rows(() => 'cephalic')],
      { strata: ['device'] },
      /there is no column device; the columns are file, presentation/,
    ],
    ['no column of names', ['number,presentation', '1,breech'], {}, /there is no column Filename; the columns are/],
  ])('says in one sentence what is wrong with metadata: %s', async (_, lines, options, message) => {
    const error = await createSplits(data, { folds: 3, metadata: await metadata(...lines), ...options }).catch(
      (e) => e,
    );
    expect([CrossValidationError, DatasetError].some((type) => error instanceof type)).toBe(true);
    expect(error.message).toMatch(message);
    expect(error.message).not.toContain('\n');
  });

  test('a name in two folders needs its folder', async () => {
    const copy = join(await temporaryFolder(), 'data');
    await cp(data, copy, { recursive: true });
    const labels = join(copy, 'Validation', 'landmarks_data.csv');
    await writeFile(labels, (await readFile(labels, 'utf8')).replace('frame-20', 'frame-00'));
    await cp(join(copy, 'Validation', 'frame-20.png'), join(copy, 'Validation', 'frame-00.png'));
    const bare = await metadata('file,side', ...rows(() => 'left').filter((_, i) => i !== 20));
    await expect(createSplits(copy, { folds: 2, metadata: bare })).rejects.toThrow(
      /row 2: frame-00\.png may be Training\/Labeled cases\/frame-00\.png or Validation\/frame-00\.png; write the folder/,
    );
    const full = await metadata(
      'file,side',
      ...rows(() => 'left').filter((_, i) => i % 20 !== 0),
      'Validation/frame-00.png,right',
      'Labeled cases/frame-00.png,left',
    );
    const { splits } = await createSplits(copy, { folds: 2, metadata: full });
    expect(splits.frames['Validation/frame-00.png'].stratum).toBe('right');
    expect(splits.frames[path(0)].stratum).toBe('left');
  });

  test('refuses more folds than there are groups', async () => {
    const file = await metadata('file,side,patient', ...rows((i) => `left,${i % 4}`));
    await expect(createSplits(data, { folds: 5, metadata: file })).rejects.toThrow(
      /has 30 frames in 4 groups that stay together, too few for 5 folds; give --folds 4 or fewer/,
    );
    await expect(createSplits(data, { folds: 1 })).rejects.toThrow(
      '1 folds are too few for a cross-validation; give at least 2.',
    );
  });

  test('a stratum that some folds lack is said in one sentence', async () => {
    const breech = [3, 4];
    const file = await metadata(
      'file,presentation,patient',
      ...rows((i) => (breech.includes(i) ? `breech,${i}` : i < 3 ? 'face,P' : `cephalic,${i}`)),
    );
    const { splits } = await createSplits(data, { folds: 4, metadata: file });
    const holding = breech.map((i) => foldOf(splits, path(i)));
    const lacking = [1, 2, 3, 4].filter((fold) => !holding.includes(fold));
    expect(stratumWarnings(splits)).toEqual([
      `Stratum "breech" has 2 frames: folds ${lacking[0]} and ${lacking[1]} are validated without any of them, so that their scores say nothing of such frames.`,
      `Stratum "face" has 3 frames, all in fold ${foldOf(splits, path(0))}: that fold is trained without any of them, and no other is validated on them.`,
    ]);
    expect(formatSplits(splits)).toMatch(/^ {2}cephalic +\d+ +\d+ +\d+ +\d+$/m);
    expect(formatSplits(splits)).toMatch(
      /^30 frames \(train, validation\) in 4 folds, seed 0; \d+ of them in \d groups \(nearly the same picture or patient\)/,
    );
  });
});

describe('findFoldCases', () => {
  const changed = async (change: (folder: string) => Promise<unknown>) => {
    const copy = join(await temporaryFolder(), 'data');
    await cp(data, copy, { recursive: true });
    await change(copy);
    return findFoldCases(copy, three, 'cv/splits.json');
  };

  test('finds the same cases in a copy of the data elsewhere', async () => {
    const { folds, splits } = await changed(async () => {});
    expect(folds.map((cases) => cases.map(({ file }) => file))).toEqual(splits.folds.map(({ files }) => files));
  });

  const labels = (folder: string) => join(folder, TRAIN, 'label.csv');
  test.each<[string, (folder: string) => Promise<unknown>, RegExp]>([
    [
      'a label that changed',
      async (folder) =>
        writeFile(labels(folder), (await readFile(labels(folder), 'utf8')).replace(/(frame-02\.png,"\()/, '$11')),
      /cv\/splits\.json was made of other data: 1 frames have another image or other labels now, the first of them Training\/Labeled cases\/frame-02\.png; give/,
    ],
    [
      'an image that changed',
      (folder) => cp(join(folder, path(4)), join(folder, path(7))),
      /1 frames have another image or other labels now, the first of them .*frame-07\.png/,
    ],
    [
      'a frame less',
      async (folder) => {
        const text = await readFile(labels(folder), 'utf8');
        await writeFile(labels(folder), text.replace(/frame-03.*\n/, ''));
        await rm(join(folder, path(3)));
      },
      /1 frames are not in .*, the first of them .*frame-03\.png/,
    ],
  ])('refuses %s', async (_, change, message) => {
    await expect(changed(change)).rejects.toThrow(message);
    await expect(changed(change)).rejects.toBeInstanceOf(CrossValidationError);
  });
});

describe('parseSplits', () => {
  test.each<[string, (splits: Splits) => unknown, RegExp]>([
    ['a frame in two folds', (s) => s.folds[1].files.push(s.folds[0].files[0]), /is in fold 1 and in fold 2/],
    ['a frame in none', (s) => s.folds[0].files.pop(), /fold 1 has \d frames of stratum/],
    ['a stranger', (s) => (s.folds[0].files[0] = 'x.png'), /x\.png is in fold 1 and not among the frames/],
    [
      'a changed stratum',
      (s) => (s.frames[s.folds[0].files[0]].stratum = 'other'),
      /frames of stratum "other" and says 0/,
    ],
    [
      'a changed digest',
      (s) => (s.frames[s.folds[0].files[0]].digest = 'f00'),
      /the fingerprint is not that of the frames/,
    ],
    [
      'a group across folds',
      (s) => s.groups.push([s.folds[0].files[0], s.folds[1].files[0]]),
      /belongs with .* another fold/,
    ],
    ['folds out of order', (s) => s.folds.reverse(), /fold 3 stands where fold 1 should/],
    ['no seed', (s) => Reflect.deleteProperty(s, 'seed'), /seed: /],
  ])('refuses %s', (_, spoil, message) => {
    const copy = splitsSchema.parse(JSON.parse(JSON.stringify(three)));
    spoil(copy);
    const parse = () => parseSplits(JSON.stringify(copy), 'cv/splits.json');
    expect(parse).toThrow(message);
    expect(parse).toThrow(/^cv\/splits\.json: .*it was changed or damaged; restore it, or start a new/);
  });

  test('refuses what is cut short', () => {
    expect(() => parseSplits('{"version": 1', 'cv/splits.json')).toThrow(/^cv\/splits\.json is not JSON/);
  });
});
