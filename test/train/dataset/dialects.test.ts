import { describe, expect, it } from 'vitest';
import { encodeGreyPng } from '../../../src/images/index.js';
import { checkData } from '../../../src/train/check-data/index.js';
import { loadNetworkFrames, outOfSightNote } from '../../../src/train/dataset/frames.js';
import { DatasetError, readDataset } from '../../../src/train/dataset/index.js';
import { folderOf } from './temporary.js';

const FOLDER = 'Training/Labeled cases';
const LANDMARKS = { ps1: { x: 280, y: 70 }, ps2: { x: 160.5, y: 100.25 }, fh1: { x: 320, y: 200 } };
const AOP = 93.07;
const NAME = 'Prüfung É 1.png';

/** How a program may write a table. */
interface Dialect {
  readonly delimiter: ',' | ';' | '\t';
  readonly separatorLine: boolean;
  readonly decimal: '.' | ',';
  /** Between the two numbers of a point. */
  readonly between: ', ' | ',' | '; ' | ';' | ' ';
  readonly quotes: boolean;
  readonly lineEnd: '\n' | '\r\n';
  readonly encoding: 'utf-8' | 'utf-8 with mark' | 'utf-16le' | 'utf-16be';
}

const DIALECTS: Dialect[] = [];
for (const delimiter of [',', ';', '\t'] as const) {
  for (const decimal of ['.', ','] as const) {
    for (const between of [', ', ',', '; ', ';', ' '] as const) {
      // "(160,5,100,25)" says nothing.
      if (decimal === ',' && between === ',') continue;
      for (const quotes of [false, true]) {
        // A delimiter within a field has to be quoted.
        if (!quotes && (between.includes(delimiter) || decimal === delimiter)) continue;
        const variant = DIALECTS.length;
        DIALECTS.push({
          ...{ delimiter, decimal, between, quotes },
          separatorLine: variant % 3 === 0,
          lineEnd: variant % 2 === 0 ? '\n' : '\r\n',
          encoding: (['utf-8', 'utf-8 with mark', 'utf-16le', 'utf-16be'] as const)[variant % 4],
        });
      }
    }
  }
}

function write(
  { delimiter, separatorLine, decimal, between, quotes, lineEnd, encoding }: Dialect,
  name: string,
): Uint8Array {
  const number = (value: number) => String(value).replace('.', decimal);
  const point = ({ x, y }: { x: number; y: number }) => `(${number(x)}${between}${number(y)})`;
  const quoted = (field: string) => (quotes ? `"${field}"` : field);
  const { ps1, ps2, fh1 } = LANDMARKS;
  const rows = [
    ['Filename', 'PS1', 'PS2', 'FH1', 'AoP'],
    [name, point(ps1), point(ps2), point(fh1), number(AOP)],
  ];
  const lines = rows.map((fields) => fields.map(quoted).join(delimiter));
  const text = [...(separatorLine ? [`sep=${delimiter}`] : []), ...lines, ''].join(lineEnd);
  return encode(text, encoding);
}

function encode(text: string, encoding: Dialect['encoding']): Uint8Array {
  if (encoding === 'utf-8') return new TextEncoder().encode(text);
  if (encoding === 'utf-8 with mark') return new TextEncoder().encode(`\ufeff${text}`);
  const bytes = Buffer.from(`\ufeff${text}`, 'utf16le');
  return new Uint8Array(encoding === 'utf-16be' ? bytes.swap16() : bytes);
}

const png = () =>
  encodeGreyPng({ width: 512, height: 512, pixels: Uint8Array.from({ length: 512 ** 2 }, (_, i) => i) });

describe('label tables', () => {
  it.each(DIALECTS)(
    'are understood: "$delimiter" between fields, "$decimal" in numbers, "$between" in points, quotes $quotes, sep= $separatorLine, $encoding',
    async (dialect) => {
      const root = await folderOf({ [`${FOLDER}/label.csv`]: write(dialect, NAME), [`${FOLDER}/${NAME}`]: 'x' });
      const [only, ...others] = await readDataset(root, 'train');
      expect(others).toEqual([]);
      expect([only.file, only.landmarks, only.aop, only.source.row]).toEqual([NAME, LANDMARKS, AOP, 2]);
    },
  );

  it.each(['NFC', 'NFD'] as const)('name files however these are composed: %s in the table', async (form) => {
    const other = form === 'NFC' ? 'NFD' : 'NFC';
    const table = write(DIALECTS[0], NAME.normalize(form));
    const root = await folderOf({
      [`${FOLDER}/label.csv`]: table,
      [`${FOLDER}/${NAME.normalize(other)}`]: await png(),
    });
    expect((await readDataset(root, 'train'))[0].path.normalize('NFC')).toContain(NAME.normalize('NFC'));
    const { findings } = await checkData(root);
    const kinds = findings.filter(({ split }) => split === 'train').map(({ kind }) => kind);
    expect(kinds).not.toContain('image-missing');
    expect(kinds).not.toContain('image-unlabelled');
    expect(kinds).not.toContain('image-name');
  });

  it('know the rounding of decimal commas', async () => {
    const wide = { ...DIALECTS[0], delimiter: ';', decimal: ',', between: '; ', quotes: true } as const;
    const root = await folderOf({ [`${FOLDER}/label.csv`]: write(wide, NAME), [`${FOLDER}/${NAME}`]: await png() });
    const { findings } = await checkData(root);
    // These points make 92.66°, and a hundredth of a pixel does not explain 0.4°.
    expect(findings.map(({ kind }) => kind)).toContain('angle-differs');
  });

  it.each(['(120,85,3)', '(1.5,2,5)', '(1.234,5; 7)', '120', '(a, b)'])('refuse the point %s', async (point) => {
    const table = `Filename;PS1;PS2;FH1\n${NAME};"${point}";(1, 2);(3, 4)\n`;
    const root = await folderOf({ [`${FOLDER}/label.csv`]: table, [`${FOLDER}/${NAME}`]: 'x' });
    await expect(readDataset(root, 'train')).rejects.toThrow(`row 2: PS1 is "${point}"; a point is written "(x, y)"`);
  });

  it('that are not UTF-8 are refused with what to do', async () => {
    const latin = Buffer.from(`Filename,PS1,PS2,FH1\n${NAME},"(1,2)","(3,4)","(5,6)"\n`, 'latin1');
    const root = await folderOf({ [`${FOLDER}/label.csv`]: new Uint8Array(latin), [`${FOLDER}/${NAME}`]: 'x' });
    const error = await readDataset(root, 'train').catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(DatasetError);
    expect(String(error)).toContain('the text is not UTF-8, so its names cannot be read; save it as "CSV UTF-8"');
  });
});

describe('landmarks that the network cannot see', () => {
  it('are said when frames are loaded for training, as check-data says them', async () => {
    const pixels = Uint8Array.from({ length: 160 * 90 }, (_, i) => i);
    const row = (name: string, x: number) => `${name},"(${x}, 40)","(60, 50)","(90, 70)"\n`;
    const root = await folderOf({
      [`${FOLDER}/label.csv`]: `Filename,PS1,PS2,FH1\n${row('a.png', 80)}${row('b.png', 150)}`,
      [`${FOLDER}/a.png`]: await encodeGreyPng({ width: 160, height: 90, pixels }),
      [`${FOLDER}/b.png`]: await encodeGreyPng({ width: 160, height: 90, pixels: pixels.map((value) => value ^ 255) }),
    });
    const frames = await loadNetworkFrames(await readDataset(root, 'train'), 64);
    const note = outOfSightNote(frames, 'training');
    expect(note).toMatch(
      /^1 of 2 training frames have landmarks that the network cannot see, the first of them b\.png: PS1/,
    );
    const { findings } = await checkData(root);
    const found = findings.find(({ kind }) => kind === 'landmark-cropped');
    expect(found?.image).toBe('b.png');
    expect(note).toContain(found?.message.replace(/\.$/, ''));
    expect(outOfSightNote(frames.slice(0, 1), 'training')).toBeUndefined();
  });
});
