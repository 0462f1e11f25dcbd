import { describe, expect, it } from 'vitest';
import { encodeGreyPng, ImageError } from '../../../src/images/index.js';
import { DatasetError, loadCase, readDataset, type Split } from '../../../src/train/dataset/index.js';
import { folderOf } from './temporary.js';

const TRAIN = 'Training/Labeled cases/label.csv';
const header = 'Filename,PS1,PS2,FH1,AoP';
const row = (file: string) => `${file},"(280, 70)","(160.5, 100)","(320, 200)",93.07`;
const train = (csv: string, ...images: string[]) =>
  folderOf({ [TRAIN]: csv, ...Object.fromEntries(images.map((file) => [`Training/Labeled cases/${file}`, 'x'])) });
const refusal = async (root: string, split: Split = 'train') => {
  const error = await readDataset(root, split).catch((e: unknown) => e);
  expect(error).toBeInstanceOf(DatasetError);
  return (error as DatasetError).message;
};

describe('readDataset', () => {
  it('reads the training layout', async () => {
    const root = await train(`${header}\n${row('1.jpg')}\n${row('2.jpg')}\n`, '1.jpg', '2.jpg');
    const cases = await readDataset(root, 'train');
    expect(cases.map(({ file }) => file)).toEqual(['1.jpg', '2.jpg']);
    expect(cases[0].landmarks).toEqual({ ps1: { x: 280, y: 70 }, ps2: { x: 160.5, y: 100 }, fh1: { x: 320, y: 200 } });
    expect(cases[0].aop).toBe(93.07);
    expect(cases[1].path).toContain('2.jpg');
    expect(cases[1].source.row).toBe(3);
  });

  it.each([
    ['validation', 'Validation'],
    ['test', 'Testing'],
  ] as const)('reads the %s layout, angles from their own file by name', async (split, folder) => {
    const root = await folderOf({
      [`${folder}/landmarks_data.csv`]:
        'Filename,PS1,PS2,AOP Tangency\na.jpg,"(1,2)","(3,4)","(5,6)"\nb.jpg,"(1,2)","(3,4)","(5,6)"\n',
      [`${folder}/aop_results.csv`]: 'Filename,AoP\nb.jpg,100.25\na.jpg,90\n',
      [`${folder}/a.jpg`]: 'x',
      [`${folder}/b.jpg`]: 'x',
    });
    expect((await readDataset(root, split)).map(({ aop }) => aop)).toEqual([90, 100.25]);
  });

  it('does not mind a byte order mark, CRLF, blank lines, quotes, case and spaces in names, or an image folder', async () => {
    const root = await folderOf({
      'training/labeled Cases/Label.CSV': `\ufeff"file name", ps1 ,PS 2,AOP_Tangency\r\n\r\n"IMG 1.JPG","[280;70]","( 1.6e2 , 100 )",320 200\r\n`,
      'training/labeled Cases/images/img 1.jpg': 'x',
    });
    const [only] = await readDataset(root, 'train');
    expect(only.landmarks).toEqual({ ps1: { x: 280, y: 70 }, ps2: { x: 160, y: 100 }, fh1: { x: 320, y: 200 } });
    expect(only.aop).toBeUndefined();
    expect(only.path).toMatch(/images.img 1\.jpg$/);
    expect(only.source.row).toBe(3);
  });

  it('finds an image under another extension, unless two share the stem', async () => {
    const csv = `${header}\n${row('1.png')}\n`;
    expect((await readDataset(await train(csv, '1.jpg'), 'train'))[0].path).toContain('1.jpg');
    expect(await refusal(await train(csv, '1.jpg', '1.jpeg'))).toContain('row 2: the image 1.png is not in');
  });

  it.each([
    [
      'a missing column',
      'Filename,PS1,FH1\n1.jpg,"(1,2)","(3,4)"',
      'no column PS2; the columns are Filename, PS1, FH1',
    ],
    ['a point that is none', `${header}\n1.jpg,"(1,2)",left,"(3,4)",90`, 'row 2: PS2 is "left"'],
    ['an angle that is none', `${header}\n1.jpg,"(1,2)","(3,4)","(5,6)",wide`, 'row 2: AoP is "wide"'],
    [
      'unquoted points',
      `${header}\n1.jpg,(1,2),(3,4),(5,6),90`,
      'row 2: 8 fields, the header has 5; put points in quotes',
    ],
    ['an image that is not there', `${header}\n${row('1.jpg')}\n${row('9.jpg')}`, 'row 3: the image 9.jpg is not in'],
    ['a file named twice', `${header}\n${row('1.jpg')}\n${row('1.JPG')}`, 'row 3: 1.JPG was already in row 2'],
    ['no row', `${header}\n`, 'there is a header (Filename, PS1, PS2, FH1, AoP) and no row'],
    ['nothing', '', 'the file is empty'],
    ['an open quote', `${header}\n"1.jpg,`, 'not readable as CSV'],
  ])('refuses labels with %s', async (_, csv, words) => {
    expect(await refusal(await train(csv, '1.jpg'))).toContain(words);
  });

  it('says what it looked for where a folder is missing', async () => {
    const root = await folderOf({ 'Validation/x': '', 'Pictures/x': '' });
    expect(await refusal(root)).toContain('found no folder Training (folders there: Pictures, Validation)');
    expect(await refusal(`${root}/nowhere`, 'test')).toMatch(
      /no such folder; give the folder that holds Testing.landmarks_data\.csv/,
    );
    expect(await refusal(root, 'validation')).toContain('found no landmarks_data.csv');
  });
});

describe('loadCase', () => {
  const image = encodeGreyPng({ width: 330, height: 201, pixels: new Uint8Array(330 * 201).fill(51) });
  const one = async (csv: string, bytes: Uint8Array | string) => {
    const root = await folderOf({ [TRAIN]: csv, 'Training/Labeled cases/1.jpg': bytes });
    return (await readDataset(root, 'train'))[0];
  };

  it('decodes by content: PNG named .jpg', async () => {
    const { frame, landmarks } = await loadCase(await one(`${header}\n${row('1.jpg')}`, await image));
    expect([frame.width, frame.height]).toEqual([330, 201]);
    expect(frame.pixels[0]).toBeCloseTo(0.2, 6);
    expect(landmarks.fh1).toEqual({ x: 320, y: 200 });
  });

  it('refuses a landmark off the frame, with point, frame size and row', async () => {
    const csv = `${header}\n1.jpg,"(280,70)","(160,100)","(320,200.6)",93`;
    await expect(loadCase(await one(csv, await image))).rejects.toThrow(
      /label\.csv, row 2: FH1 \(320, 200\.6\) lies off the frame 1\.jpg, which is 330×201 pixels/,
    );
  });

  it('passes on what decoding says', async () => {
    await expect(loadCase(await one(`${header}\n${row('1.jpg')}`, 'no image'))).rejects.toBeInstanceOf(ImageError);
  });
});
