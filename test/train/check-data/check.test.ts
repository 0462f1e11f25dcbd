import { cp, mkdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import sharp from 'sharp';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  checkData,
  DatasetError,
  dataReportSchema,
  type Finding,
  type FindingKind,
  formatDataReport,
  generatePhantom,
  loadCase,
  readDataset,
  SPLITS,
  writeDataset,
} from '../../../src/train/index.js';
import { temporaryFolder } from '../dataset/temporary.js';

const SIZE = 64;
const LABELS = 'Training/Labeled cases/label.csv';
const TEST_LABELS = 'Testing/landmarks_data.csv';

/** A set of six, two and two frames with which nothing is wrong: frame-0.png to frame-9.png. */
let clean: string;
beforeAll(async () => {
  clean = join(await temporaryFolder(), 'clean');
  await writeDataset(clean, async (writer) => {
    for (let index = 0; index < 10; index++) {
      const { pixels, landmarks, aop } = generatePhantom({ seed: 8, index, difficulty: 1, size: SIZE });
      const raw = sharp(pixels, { raw: { width: SIZE, height: SIZE, channels: 1 } });
      const split = index < 6 ? 'train' : index < 8 ? 'validation' : 'test';
      await writer.add(split, { file: `frame-${index}.png`, bytes: await raw.png().toBuffer(), landmarks, aop });
    }
  });
});

/** A copy, changed. */
async function spoilt(spoil: (at: (...path: string[]) => string) => Promise<unknown>): Promise<string> {
  const folder = join(await temporaryFolder(), 'set');
  await cp(clean, folder, { recursive: true });
  await spoil((...path) => join(folder, ...path));
  return folder;
}

async function edit(file: string, change: (lines: string[]) => void): Promise<void> {
  const lines = (await readFile(file, 'utf8')).trimEnd().split('\n');
  change(lines);
  await writeFile(file, `${lines.join('\n')}\n`);
}

/** Replaces the number-th point of a line. */
const movePoint = (line: string, number: number, point: string) => {
  let seen = 0;
  return line.replace(/"\([^"]*\)"/g, (old) => (seen++ === number ? `"${point}"` : old));
};
const image = (index: number) => `Training/Labeled cases/frame-${index}.png`;

describe('checkData', () => {
  test('finds nothing where nothing is wrong, and says what there is', async () => {
    const report = await checkData(clean);
    expect(report.findings).toEqual([]);
    expect(report.counts).toEqual({ error: 0, warning: 0, note: 0 });
    expect(report.splits.train).toMatchObject({
      labels: LABELS,
      rows: 6,
      images: 6,
      formats: { PNG: 6 },
      sizes: [{ width: SIZE, height: SIZE, count: 6 }],
    });
    const angles = (await readDataset(clean, 'train')).map(({ aop }) => aop ?? Number.NaN);
    expect(report.splits.train?.aop?.low).toBeCloseTo(Math.min(...angles), 9);
    expect(report.splits.train?.aop?.mean).toBeCloseTo(angles.reduce((sum, angle) => sum + angle, 0) / 6, 9);
    expect(report.splits.train?.aopDifference?.count).toBe(6);
    expect(dataReportSchema.parse(JSON.parse(JSON.stringify(report)))).toEqual(report);
    expect(formatDataReport(report)).toMatch(/Nothing is wrong with it\.$/);
  });

  // What is done to the set; kind, severity, file, row and message of what is found, and nothing else.
  type At = (...path: string[]) => string;
  test.each<
    [string, (at: At) => Promise<unknown>, [FindingKind, Finding['severity'], string, number | undefined, RegExp][]]
  >([
    [
      'a point that is none',
      (at) => edit(at(LABELS), (lines) => (lines[2] = movePoint(lines[2], 1, 'left'))),
      [['row-unreadable', 'error', LABELS, 3, /^PS2 is "left"; a point is written/]],
    ],
    [
      'a row with a field too many',
      (at) => edit(at(LABELS), (lines) => (lines[1] += ',1')),
      [['row-unreadable', 'error', LABELS, 2, /^6 fields, the header has 5/]],
    ],
    [
      'a row without a file name',
      (at) => edit(at(LABELS), (lines) => (lines[6] = lines[6].replace('frame-5.png', ''))),
      [
        ['row-unreadable', 'error', LABELS, 7, /^the file name is empty/],
        ['image-unlabelled', 'warning', image(5), undefined, /^no row names this image/],
      ],
    ],
    [
      'a column that is missing',
      (at) => edit(at(TEST_LABELS), (lines) => (lines[0] = lines[0].replace('PS1', 'Notes'))),
      [
        [
          'labels-unreadable',
          'error',
          TEST_LABELS,
          undefined,
          /^there is no column PS1; the columns are Filename, Notes/,
        ],
      ],
    ],
    [
      'splits that are missing',
      async (at) => {
        await rm(at('Testing'), { recursive: true });
        await rm(at(LABELS));
      },
      [
        ['split-missing', 'error', '.', undefined, /found no label\.csv/],
        ['split-missing', 'warning', '.', undefined, /found no folder Testing/],
      ],
    ],
    [
      'an image that is missing and a row that is there twice',
      async (at) => {
        await rm(at(image(3)));
        await edit(at(LABELS), (lines) => lines.push(movePoint(lines[1], 2, '(30, 31)')));
      },
      [
        [
          'duplicate-row',
          'error',
          LABELS,
          8,
          /^frame-0\.png was already in row 2, with labels up to [\d.]+ px and [\d.]+° apart/,
        ],
        ['image-missing', 'error', LABELS, 5, /^the image frame-3\.png is not there/],
        ['angle-differs', 'warning', LABELS, 8, /the points make/],
      ],
    ],
    [
      'an image cut short, an empty one and one that is none',
      async (at) => {
        await truncate(at(image(0)), 700);
        await truncate(at(image(1)), 0);
        await writeFile(at(image(2)), 'hello');
      },
      [
        ['image-unreadable', 'error', LABELS, 2, /frame-0\.png: the file starts as PNG and cannot be read to its end/],
        ['image-unreadable', 'error', LABELS, 3, /frame-1\.png: the file is empty/],
        ['image-unreadable', 'error', LABELS, 4, /frame-2\.png: the file is not PNG, JPEG, DICOM or MetaImage/],
      ],
    ],
    [
      'a landmark off the frame',
      (at) => edit(at(LABELS), (lines) => (lines[1] = movePoint(lines[1], 0, '(63.6, 12)'))),
      [
        [
          'landmark-off-frame',
          'error',
          LABELS,
          2,
          /^PS1 \(63\.6, 12\) lies off the frame frame-0\.png, which is 64×64/,
        ],
        ['angle-differs', 'warning', LABELS, 2, /./],
      ],
    ],
    [
      'landmarks where none is in the public data',
      (at) =>
        edit(at(LABELS), (lines) => (lines[1] = lines[1].replace(/(".*"),.*/, '"(10, 10)","(30, 10)","(12, 61)",'))),
      [
        [
          'label-range',
          'warning',
          LABELS,
          2,
          /^on a 512 frame, PS1 x is 83\.5 px \(192 to 368\), FH1 x is 99\.5 px .*, FH1 y is 491\.5 px \(80 to 332\): outside/,
        ],
        ['landmark-order', 'warning', LABELS, 2, /^PS1 \(x 10\) is not right of PS2 \(x 30\)/],
        ['angle-missing', 'note', LABELS, 2, /^frame-0\.png has no AoP/],
      ],
    ],
    [
      'an angle that is not that of the points, one that is none, and one too many',
      async (at) => {
        await edit(at(LABELS), (lines) => (lines[2] = lines[2].replace(/,[\d.]+$/, ',50.25')));
        await edit(at('Testing/aop_results.csv'), (lines) => {
          lines[1] = lines[1].replace(/,.*/, ',wide');
          lines.push('frame-77.png,90', lines[2]);
        });
      },
      [
        ['angle-unreadable', 'error', 'Testing/aop_results.csv', 2, /^AoP is "wide"/],
        [
          'angle-differs',
          'warning',
          LABELS,
          3,
          /^the AoP given is 50\.25° and the points make [\d.]+°: [\d.]+° apart, where rounding explains 0\.0[01]°/,
        ],
        ['angle-unused', 'warning', 'Testing/aop_results.csv', 4, /^frame-77\.png has an angle and no landmarks/],
        ['angle-unused', 'warning', 'Testing/aop_results.csv', 5, /^frame-9\.png was already in row 3/],
        ['angle-missing', 'note', TEST_LABELS, 2, /^frame-8\.png has no AoP/],
      ],
    ],
    [
      'points that coincide',
      (at) =>
        edit(at(LABELS), (lines) => (lines[1] = lines[1].replace(/(".*"),.*/, '"(30, 10)","(30, 10)","(40, 30)",'))),
      [
        ['landmark-order', 'warning', LABELS, 2, /./],
        ['angle-undefined', 'warning', LABELS, 2, /^PS1 coincides with PS2 or FH1/],
        ['angle-missing', 'note', LABELS, 2, /./],
      ],
    ],
    [
      'a file that is there twice within a split and once more in another',
      async (at) => {
        await cp(at(image(4)), at(image(5)));
        await cp(at(image(4)), at('Testing/frame-9.png'));
      },
      [
        [
          'duplicate',
          'error',
          TEST_LABELS,
          3,
          /^frame-9\.png is the same file as frame-4\.png \(Training\/Labeled cases\/label\.csv, row 6\), with labels up to [\d.]+ px and [\d.]+° apart; it is in two splits/,
        ],
        ['duplicate', 'warning', LABELS, 7, /^frame-5\.png is the same file as frame-4\.png/],
      ],
    ],
    [
      'nearly the same picture twice within a split and once more in another',
      async (at) => {
        await sharp(at(image(4)))
          .linear(0.8)
          .toFile(at(image(5)));
        await sharp(at(image(4)))
          .flop()
          .toFile(at('Testing/frame-9.png'));
      },
      [
        [
          'near-duplicate',
          'warning',
          TEST_LABELS,
          3,
          /^frame-9\.png is nearly the same picture as frame-4\.png .*\d+ of 255 bits/,
        ],
        ['near-duplicate', 'note', LABELS, 7, /^frame-5\.png is nearly the same picture as frame-4\.png/],
      ],
    ],
    [
      'names that do not say what is inside',
      async (at) => {
        await sharp(at(image(0)))
          .jpeg({ quality: 100 })
          .toFile(at('copy'));
        await cp(at('copy'), at(image(0)));
        await cp(at(image(1)), at(image(1)).replace('.png', '.tif'));
        await rm(at(image(1)));
      },
      [
        ['image-name', 'note', LABELS, 3, /^the row names frame-1\.png, and the file is called frame-1\.tif/],
        ['image-extension', 'note', LABELS, 2, /^frame-0\.png is JPEG inside and is named \.png/],
        ['image-extension', 'note', LABELS, 3, /^frame-1\.tif is PNG inside and is named \.tif/],
      ],
    ],
    [
      'an image without labels and two of one name, but not a text',
      async (at) => {
        await sharp(at(image(0)))
          .rotate(90)
          .toFile(at('Validation/extra.png'));
        await mkdir(at('Training/Labeled cases/more'));
        await cp(at(image(0)), at('Training/Labeled cases/more/frame-0.png'));
        await writeFile(at('Validation/README.txt'), 'read me');
      },
      [
        ['image-unlabelled', 'warning', 'Validation/extra.png', undefined, /^no row names this image/],
        [
          'image-hidden',
          'warning',
          'Training/Labeled cases/more/frame-0.png',
          undefined,
          /frame-0\.png has the same name and is taken/,
        ],
      ],
    ],
    [
      'a frame of another size, and one that shows nothing',
      async (at) => {
        await sharp(at(image(0)))
          .resize(2 * SIZE)
          .toFile(at('copy.png'));
        await cp(at('copy.png'), at(image(0)));
        await sharp({ create: { width: SIZE, height: SIZE, channels: 3, background: '#333' } })
          .png()
          .toFile(at('grey.png'));
        await cp(at('grey.png'), at(image(1)));
      },
      [
        ['label-range', 'warning', LABELS, 2, /./],
        ['image-size', 'warning', LABELS, 2, /^frame-0\.png is 128×128 pixels, where 9 of 10 frames are 64×64/],
        ['image-blank', 'warning', LABELS, 3, /^frame-1\.png spans 0\.0 of 255 greys/],
      ],
    ],
    [
      'a landmark in a margin that is cut off',
      async (at) => {
        await sharp(at(image(0)))
          .extend({ left: 40, right: 0, background: '#000' })
          .toFile(at('copy.png'));
        await cp(at('copy.png'), at(image(0)));
        await edit(at(LABELS), (lines) => (lines[1] = movePoint(lines[1], 1, '(19.4, 12)')));
      },
      [
        [
          'landmark-cropped',
          'warning',
          LABELS,
          2,
          /^PS2 \(19\.4, 12\) lies outside the central 64×64 square of the 104×64 frame/,
        ],
        ['label-range', 'warning', LABELS, 2, /./],
        ['angle-differs', 'warning', LABELS, 2, /./],
        ['image-size', 'warning', LABELS, 2, /./],
      ],
    ],
  ])('finds %s', async (_, spoil, expected) => {
    const report = await checkData(await spoilt(spoil));
    expect(report.findings.map(({ kind, severity, path, row }) => [kind, severity, path, row])).toEqual(
      expected.map(([kind, severity, path, row]) => [kind, severity, path, row]),
    );
    for (const [i, { message }] of report.findings.entries()) expect(message).toMatch(expected[i][4]);
    dataReportSchema.parse(report);
  });

  test('takes an angle that whole-pixel points cannot settle for right', async () => {
    const rounded = await spoilt((at) =>
      edit(at(LABELS), (lines) => {
        for (let i = 1; i < lines.length; i++) {
          lines[i] = lines[i].replace(/-?[\d.]+(?=[,)])/g, (number, at: number) =>
            at > 12 ? String(Math.round(Number(number))) : number,
          );
        }
      }),
    );
    expect((await checkData(rounded)).findings).toEqual([]);
  });

  test('has errors exactly where loading fails', async () => {
    const spoils: ((lines: string[], row: number) => void)[] = [
      (lines, row) => (lines[row] = movePoint(lines[row], row % 3, 'nowhere')),
      (lines, row) => (lines[row] = movePoint(lines[row], row % 3, '(-0.6, 3)')),
      (lines, row) => (lines[row] = movePoint(lines[row], row % 3, '(63.5, 63.5)')),
      (lines, row) => (lines[row] = lines[row].replace('.png', '.gif')),
      (lines, row) => (lines[row] = lines[row].replace('frame', 'film')),
      (lines, row) => (lines[row] = lines[row].replace(/,[^,]*$/, ',x')),
      (lines, row) => (lines[row] = lines[row].replace(/,[^,]*$/, ',')),
      (lines, row) => (lines[row] = ''),
      (lines, row) => lines.push(lines[row]),
      (lines, row) => (lines[0] = lines[0].replace(['PS1', 'PS2', 'FH1'][row % 3], 'point')),
    ];
    const change = fc.tuple(fc.constantFrom(...spoils), fc.integer({ min: 1, max: 6 }));
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 2 }), async (changes) => {
        const folder = await spoilt((at) =>
          edit(at(LABELS), (lines) => {
            for (const [spoil, row] of changes) spoil(lines, row);
          }),
        );
        const load = async () => {
          for (const split of SPLITS) for (const one of await readDataset(folder, split)) await loadCase(one);
        };
        const fails = await load().then(
          () => false,
          () => true,
        );
        expect((await checkData(folder)).counts.error > 0).toBe(fails);
      }),
      { numRuns: 25 },
    );
  });

  test('stops when it is told to, and refuses a folder that is not there', async () => {
    await expect(checkData(clean, { signal: AbortSignal.abort(new Error('enough')) })).rejects.toThrow('enough');
    await expect(checkData(join(clean, 'nowhere'))).rejects.toThrow(DatasetError);
  });

  test('tells how far it is', async () => {
    const seen: number[][] = [];
    await checkData(clean, { onProgress: (done, total) => seen.push([done, total]) });
    expect(seen).toEqual(Array.from({ length: 11 }, (_, i) => [i, 10]));
  });
});

test('the text shows a few findings of each kind and counts the rest', async () => {
  const folder = await spoilt((at) =>
    edit(at(LABELS), (lines) => lines.splice(1, 6, ...lines.slice(1).map((line) => movePoint(line, 0, 'x')))),
  );
  const report = await checkData(folder);
  const text = formatDataReport(report);
  expect(text).toMatch(/^error: row-unreadable \(6\)\n(.*\n){5} {2}… and 1 more \(--all shows them\)$/m);
  expect(text).toMatch(/^6 errors: correct the errors before training\.$/m);
  expect(text).toContain(`${LABELS}, row 2: PS1 is "x"; a point is written`);
  expect(formatDataReport(report, { all: true }).match(/row \d+: PS1 is "x"/g)).toHaveLength(6);
});
