import { describe, expect, it } from 'vitest';
import { decodeFrame, ImageError, openImage } from '../../src/images/index.js';
import { type DicomElement, imageElements, sequence, words, writeDicom } from './dicom-writer.js';

const SHARED = 0x52009229;
const PER_FRAME = 0x52009230;
const group = (tag: number, ...elements: DicomElement[]): DicomElement => [tag, 'SQ', sequence([elements])];
const voi = (...elements: DicomElement[]) => group(0x00289132, ...elements);
const transformation = (...elements: DicomElement[]) => group(0x00289145, ...elements);
const measures = (...elements: DicomElement[]) => group(0x00289110, ...elements);
const window = (center: string, width: string, label?: string): DicomElement[] => [
  [0x00281050, 'DS', center],
  [0x00281051, 'DS', width],
  ...(label === undefined ? [] : [[0x00281056, 'CS', label] as const]),
];
const rescale = (slope: string, intercept: string): DicomElement[] => [
  [0x00281052, 'DS', intercept],
  [0x00281053, 'DS', slope],
];
const spacing = (value: string): DicomElement => [0x00280030, 'DS', value];
const table = (tag: number, first: number, bits: number, entries: readonly number[], vr = 'US'): DicomElement =>
  group(tag, [0x00283002, vr, words([entries.length, first, bits])], [0x00283006, 'OW', words(entries)]);

const STORED = [0, 250, 500, 1000];
const image = (frames: number, ...more: DicomElement[]) =>
  writeDicom({
    elements: imageElements(4, 1, 'MONOCHROME2', words(Array.from({ length: frames }, () => STORED).flat()), [
      [0x00280008, 'IS', String(frames)],
      [0x00280100, 'US', 16],
      [0x00280101, 'US', 16],
      [0x00280102, 'US', 15],
      ...more,
    ]),
  });
const shades = async (bytes: Uint8Array, index = 0) => {
  const { pixels } = await (await openImage(bytes, 'a.dcm')).decode(index);
  return Array.from(pixels, (shade) => Number(shade.toFixed(6)));
};
const refusal = async (bytes: Uint8Array, index = 0) => {
  const error = await openImage(bytes, 'a.dcm').then(
    (file) => file.decode(index).catch((reason: unknown) => reason),
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(ImageError);
  return (error as ImageError).message;
};

/** Every attribute that a functional group may hold, its macro, and what the four stored values become by it. */
const ATTRIBUTES: Record<
  string,
  { inGroup: DicomElement; plain: DicomElement[]; shown: readonly number[]; mm?: number }
> = {
  'a window': { inGroup: voi(...window('500', '1000')), plain: window('500', '1000'), shown: [0, 0.25, 0.5, 1] },
  'an exact window': {
    inGroup: voi(...window('500', '1000', 'LINEAR_EXACT')),
    plain: window('500', '1000', 'LINEAR_EXACT'),
    shown: [0, 0.25, 0.5, 1],
  },
  'a VOI table': {
    inGroup: voi(table(0x00283010, 250, 16, [0, 65535])),
    plain: [table(0x00283010, 250, 16, [0, 65535])],
    shown: [0, 0, 1, 1],
  },
  'slope and intercept, which stretch the whole range': {
    inGroup: transformation(...rescale('-1', '65535')),
    plain: rescale('-1', '65535'),
    shown: STORED.map((value) => 1 - value / 65535),
  },
  'a spacing': {
    inGroup: measures(spacing('0.2\\0.2')),
    plain: [spacing('0.2\\0.2')],
    shown: STORED.map((value) => value / 65535),
    mm: 0.2,
  },
};
const close = (shown: readonly number[]) => shown.map((value) => expect.closeTo(value, 2));

/** Another value for each macro, which one per frame has to replace as a whole. */
const OTHERS = [voi(...window('0', '1')), transformation(...rescale('5', '5')), measures(spacing('9\\9'))];

describe.each(Object.entries(ATTRIBUTES))('%s', (_, { inGroup, plain, shown, mm }) => {
  const other = OTHERS.filter(([tag]) => tag === inGroup[0]);
  const places: Record<string, DicomElement[]> = {
    'in the image': plain,
    'in the shared groups': [[SHARED, 'SQ', sequence([[inGroup]])]],
    'in the groups per frame': [[PER_FRAME, 'SQ', sequence([[inGroup], [inGroup]])]],
    'in the groups per frame before the shared ones': [
      [SHARED, 'SQ', sequence([other])],
      [PER_FRAME, 'SQ', sequence([[inGroup], [inGroup]])],
    ],
    'in the shared groups before the image': [[SHARED, 'SQ', sequence([[inGroup]])], ...otherPlain(inGroup)],
  };

  it.each(Object.entries(places))('counts %s', async (_, elements) => {
    const bytes = image(2, ...elements);
    for (const index of [0, 1]) {
      expect(await shades(bytes, index)).toEqual(close(shown));
      if (mm === undefined) continue;
      const file = await openImage(bytes, 'a');
      expect(file.spacing).toEqual({ x: mm, y: mm });
      expect((await file.decode(index)).spacing).toEqual({ x: mm, y: mm });
    }
  });
});

function otherPlain([macro]: DicomElement): DicomElement[] {
  if (macro === 0x00289132) return window('0', '1');
  return macro === 0x00289145 ? rescale('5', '5') : [spacing('9\\9')];
}

describe('groups per frame', () => {
  it('let frames differ in window and spacing', async () => {
    const bytes = image(2, [
      PER_FRAME,
      'SQ',
      sequence([
        [voi(...window('500', '1000')), measures(spacing('0.1\\0.1'))],
        [voi(...window('250', '500')), measures(spacing('0.2\\0.4'))],
      ]),
    ]);
    expect(await shades(bytes, 0)).toEqual(close([0, 0.25, 0.5, 1]));
    expect(await shades(bytes, 1)).toEqual(close([0, 0.5, 1, 1]));
    const file = await openImage(bytes, 'a');
    // No one spacing is that of the file.
    expect(file.spacing).toBeUndefined();
    expect((await file.decode(1)).spacing).toEqual({ x: 0.4, y: 0.2 });
  });

  it('are refused where some are missing', async () => {
    const bytes = image(3, [PER_FRAME, 'SQ', sequence([[voi(...window('500', '1000'))]])]);
    expect(await refusal(bytes, 2)).toContain('has no functional group (5200,9230), of which there are 1');
  });
});

/** The pseudocode of PS3.3, C.11.2.1.2.1 and C.11.2.1.3, for an output from 0 to 1. */
const STANDARD: Record<string, (x: number, c: number, w: number) => number> = {
  LINEAR: (x, c, w) =>
    x <= c - 0.5 - (w - 1) / 2 ? 0 : x > c - 0.5 + (w - 1) / 2 ? 1 : (x - (c - 0.5)) / (w - 1) + 0.5,
  LINEAR_EXACT: (x, c, w) => (x <= c - w / 2 ? 0 : x > c + w / 2 ? 1 : (x - c) / w + 0.5),
  SIGMOID: (x, c, w) => 1 / (1 + Math.exp((-4 * (x - c)) / w)),
};

describe.each(Object.entries(STANDARD))('the VOI LUT function %s', (label, formula) => {
  const widths = label === 'LINEAR' ? ['1', '2', '3.5', '400'] : ['0.001', '0.5', '1', '2', '3.5', '400'];

  it.each(widths.flatMap((width) => ['0', '250', '250.5', '-3'].map((center) => [width, center])))(
    'is that of the standard for width %s and center %s',
    async (width, center) => {
      const found = await shades(image(1, ...window(center, width, label)));
      expect(found).toEqual(STORED.map((x) => expect.closeTo(formula(x, Number(center), Number(width)), 5)));
    },
  );

  it.each(label === 'LINEAR' ? ['0', '0.99', '-1'] : ['0', '-0.5'])('refuses a width of %s', async (width) => {
    expect(await refusal(image(1, ...window('100', width, label)))).toMatch(
      new RegExp(`the window width \\(0028,1051\\) is ${width}, and with the VOI LUT function ${label} it must be`),
    );
  });
});

describe('what would make a plausible and wrong picture is refused', () => {
  const cases: Record<string, [DicomElement[], string]> = {
    'a slope of 0': [rescale('0', '7'), 'the rescale slope (0028,1053) is 0'],
    'a slope that is not a number': [rescale('Doe', '7'), 'rescale slope (0028,1053) is not a number'],
    'an intercept that is not a number': [rescale('1', '1,5'), 'rescale intercept (0028,1052) is not a number'],
    'a window center that is not a number': [window('x', '7'), 'window center (0028,1050) is not a number'],
    'a window without a width': [window('7', ''), 'a window center (0028,1050) without a width'],
    'a window without a center': [window('', '7'), 'a window width (0028,1051) without a center'],
    'a VOI function that is not known': [window('7', '7', 'CUBIC'), 'VOI LUT function (0028,1056) is none of'],
    'a high bit outside the sample': [[[0x00280102, 'US', 16]], 'the high bit (0028,0102) is 16'],
    'a high bit below the stored bits': [[[0x00280102, 'US', 3]], 'the high bit (0028,0102) is 3'],
    'a third pixel representation': [[[0x00280103, 'US', 2]], 'the pixel representation (0028,0103) is 2'],
    'a number of frames that is none': [[[0x00280008, 'IS', 'two']], 'number of frames (0028,0008)'],
    'a supplemental palette': [
      [
        [0x00089205, 'CS', 'MIXED'],
        [0x00281101, 'US', words([256, 0, 16])],
      ],
      'supplemental palette (Pixel Presentation MIXED)',
    ],
  };

  it.each(Object.entries(cases))('%s', async (_, [elements, message]) => {
    const own = new Set(elements.map(([tag]) => tag));
    const bytes = writeDicom({
      elements: imageElements(4, 1, 'MONOCHROME2', words(STORED), [
        ...(
          [
            [0x00280100, 'US', 16],
            [0x00280101, 'US', 16],
            [0x00280102, 'US', 15],
          ] as const
        ).filter(([tag]) => !own.has(tag)),
        ...elements,
      ]),
    });
    expect(await refusal(bytes)).toContain(message);
    expect(await refusal(bytes)).not.toContain('Doe');
  });
});

describe('the first value of a VOI table', () => {
  const four = (...more: DicomElement[]) =>
    writeDicom({ elements: imageElements(4, 1, 'MONOCHROME2', Uint8Array.of(0, 9, 10, 11), more) });
  // Ten less than stored, so that values reach below zero: 9 becomes −1.
  const shifted = rescale('1', '-10');

  it.each(['US', 'SS'])('has the sign that its VR %s gives it', async (vr) => {
    const found = await shades(four(...shifted, table(0x00283010, -1, 8, [51, 102, 255], vr)));
    expect(found).toEqual(close(vr === 'SS' ? [0.2, 0.2, 0.4, 1] : [0.2, 0.2, 0.2, 0.2]));
  });
});

it('decodeFrame reads the first frame by the first group', async () => {
  const bytes = image(2, [
    PER_FRAME,
    'SQ',
    sequence([[voi(...window('250', '500'))], [voi(...window('500', '1000'))]]),
  ]);
  const { pixels } = await decodeFrame(bytes, 'a');
  expect([...pixels]).toEqual(close([0, 0.5, 1, 1]));
});
