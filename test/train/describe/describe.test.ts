import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { dicomDevice } from '../../../src/images/index.js';
import type { Landmarks } from '../../../src/model/index.js';
import { dataCardPage, dataCardSchema, describeData, findSuspects, formatDataCard } from '../../../src/train/index.js';
import { imageElements, writeDicom } from '../../images/dicom-writer.js';
import { temporaryFolder } from '../dataset/temporary.js';
import { writePhantomSet } from '../loop/phantom-set.js';

let data: string;
beforeAll(async () => {
  data = join(await temporaryFolder(), 'data');
  await writePhantomSet(data, { train: 4, validation: 2, test: 0 });
  // The first training frame is a validation frame, too, and its FH1 is labelled 3 px farther right there.
  const [labels, own] = [join(data, 'Validation', 'landmarks_data.csv'), join(data, 'Training', 'Labeled cases')];
  await cp(join(own, 'phantom-00.png'), join(data, 'Validation', 'copy.png'));
  const row = (await readFile(join(own, 'label.csv'), 'utf8')).split('\n')[1];
  const [, points] = /^phantom-00\.png,(.*\)"),/.exec(row) ?? [];
  const moved = points.replace(/\(([\d.]+), ([\d.]+)\)"$/, (_, x, y) => `(${Number(x) + 3}, ${y})"`);
  await writeFile(labels, `${await readFile(labels, 'utf8')}copy.png,${moved}\n`);
});

describe('a data card', () => {
  test('has folders, angles, positions and duplicates', async () => {
    const { card } = await describeData([data]);
    expect(dataCardSchema.parse(JSON.parse(JSON.stringify(card)))).toEqual(JSON.parse(JSON.stringify(card)));
    expect(card.folders.map(({ split, frames, sizes }) => [split, frames, sizes])).toEqual([
      ['train', 4, [{ value: '96×64', count: 4 }]],
      ['validation', 3, [{ value: '96×64', count: 3 }]],
    ]);
    const angles = card.frames.map(({ aop }) => aop ?? 0);
    expect(card.aop?.mean).toBeCloseTo(angles.reduce((sum, angle) => sum + angle) / 7, 9);
    expect([card.aop?.min, card.aop?.max]).toEqual([Math.min(...angles), Math.max(...angles)]);
    const xs = card.frames.map(({ landmarks }) => landmarks.fh1.x);
    expect(card.positions.fh1.mean.x).toBeCloseTo(xs.reduce((sum, x) => sum + x) / 7, 9);
    expect(card.duplicates).toEqual([
      {
        identical: true,
        across: true,
        files: ['Training/Labeled cases/phantom-00.png', 'Validation/copy.png'],
        // 3 px of 64 are 24 of 512, over three landmarks.
        labels: { most: expect.closeTo(8, 6) },
      },
    ]);
  });

  test('as text and as a page', async () => {
    const { card } = await describeData([data]);
    const text = formatDataCard(card);
    expect(text).toContain('7 labelled frames in 2 folders');
    expect(text).toMatch(/duplicates: 1 group of 2 frames, 1 of them across/);
    const page = dataCardPage(card);
    expect(page).toContain(
      '1 group of frames shows nearly the same picture; 1 of them is spread over splits or data sets.',
    );
    expect(page).toContain('Labels were not compared with models.');
  });

  test('of a folder that is none, or of a cross-validation that is none: refused', async () => {
    await expect(describeData([join(data, 'no')])).rejects.toThrow(/no: there is no such folder; give the folder/);
    await expect(describeData([data], { crossValidations: [data] })).rejects.toThrow(/holds no splits\.json; give/);
    await mkdir(join(data, 'empty'));
    await expect(describeData([join(data, 'empty')])).rejects.toThrow(/found no folder Training/);
  });
});

describe('suspicious labels', () => {
  const label: Landmarks = { ps1: { x: 300, y: 60 }, ps2: { x: 150, y: 90 }, fh1: { x: 350, y: 250 } };
  const off = ({ ps1, ps2, fh1 }: Landmarks, by: number): Landmarks => {
    const move = ({ x, y }: { x: number; y: number }) => ({ x: x + by, y });
    return { ps1: move(ps1), ps2: move(ps2), fh1: move(fh1) };
  };
  /** Models are off by 1 to 20 px in opposite directions. */
  const usual = Array.from({ length: 20 }, (_, i) => {
    return { file: `${i}.png`, label, predictions: [off(label, i + 1), off(label, -i - 1)] };
  });

  test('are those that all models contradict, and agree on what is right', () => {
    const elsewhere = { ...label, fh1: { x: 100, y: 250 } };
    const { suspects, fences } = findSuspects([
      ...usual,
      { file: 'wrong.png', label: elsewhere, predictions: [off(label, 2), off(label, -2)] },
      { file: 'difficult.png', label, predictions: [off(label, 200), off(label, -200)] },
      { file: 'one of two.png', label, predictions: [off(label, 200), off(label, 1)] },
    ]);
    expect(fences.ps1).toBeGreaterThan(20);
    expect(suspects.map(({ file, landmarks, swapped }) => [file, landmarks, swapped])).toEqual([
      ['wrong.png', ['fh1'], false],
    ]);
    expect(suspects[0].distances.fh1).toBeCloseTo(250, 9);
  });

  test('say where PS1 and PS2 look exchanged', () => {
    const exchanged = { ...label, ps1: label.ps2, ps2: label.ps1 };
    const { suspects } = findSuspects([...usual, { file: 'x', label: exchanged, predictions: [label, label] }]);
    expect(suspects.map(({ landmarks, swapped }) => [landmarks, swapped])).toEqual([[['ps1', 'ps2'], true]]);
  });
});

test.each([
  ['Maker', 'Scanner 3', 'Maker Scanner 3'],
  ['Maker', 'MAKER 3', 'MAKER 3'],
  ['', '', undefined],
])('the machine of a DICOM file by %s, model %s', (maker, model, expected) => {
  const elements = imageElements(6, 4, 'MONOCHROME2', new Uint8Array(24), [
    [0x00080070, 'LO', maker],
    [0x00081090, 'LO', model],
  ]);
  const sorted = [...elements].sort(([a], [b]) => a - b);
  expect(dicomDevice(writeDicom({ elements: sorted }), 'a')).toBe(expected);
  expect(dicomDevice(new Uint8Array(200), 'a')).toBeUndefined();
});
