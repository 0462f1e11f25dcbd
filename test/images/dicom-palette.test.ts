import { describe, expect, it } from 'vitest';
import { decodeFrame, ImageError } from '../../src/images/index.js';
import { BIG_ENDIAN, type DicomElement, imageElements, words, writeDicom } from './dicom-writer.js';

/** What the table means, as shares of full intensity in steps of 1/255: red, green and blue differ. */
const COLOURS = [
  [0, 51, 102, 255],
  [10, 51, 200, 255],
  [90, 51, 0, 255],
];
const luminance = COLOURS[0].map(
  (_, i) => (0.299 * COLOURS[0][i] + 0.587 * COLOURS[1][i] + 0.114 * COLOURS[2][i]) / 255,
);

interface Writing {
  readonly descriptor: 8 | 16;
  /** Bits of an entry's value, and bits of the cell that holds it. */
  readonly value: 8 | 16;
  readonly cell: 8 | 16;
  readonly segmented: boolean;
}

/** A cell's bytes; values of 16 bits have the same share of full intensity. */
function encode({ value, cell, segmented }: Writing, entries: readonly number[], bigEndian: boolean): Uint8Array {
  const values = entries.map((entry) => (value === 16 ? entry * 257 : entry));
  // Literal first entry, one more literal, then a run of one to the third, then the last one literally.
  const [a, b, c, d] = values;
  const units = segmented ? [0, 2, a, b, 1, 1, c, 0, 1, d] : values;
  return cell === 16 ? words(units, bigEndian) : Uint8Array.from(units);
}

const WRITINGS: Writing[] = [];
for (const descriptor of [8, 16] as const) {
  for (const segmented of [false, true]) {
    for (const [value, cell] of [
      [8, 8],
      [8, 16],
      [16, 16],
    ] as const) {
      // A plain table of bytes under a descriptor of 16 bits is half of a table: refused, below.
      if (descriptor === 16 && cell === 8 && !segmented) continue;
      WRITINGS.push({ descriptor, value, cell, segmented });
    }
  }
}

function elementsFor(writing: Writing, first: number, { signed = false, bigEndian = false } = {}): DicomElement[] {
  const stored = Uint8Array.from([0, 1, 2, 3, 200, 250].map((index) => (first + index) & 0xff));
  const pixels = signed ? Uint8Array.from([0, 1, 2, 3, 5, 100], (index) => (first + index) & 0xff) : stored;
  return imageElements(6, 1, 'PALETTE COLOR', undefined, [
    [0x00280103, 'US', signed ? 1 : 0],
    ...COLOURS.flatMap((entries, c): DicomElement[] => [
      [0x00281101 + c, signed ? 'SS' : 'US', words([4, first, writing.descriptor], bigEndian)],
      [(writing.segmented ? 0x00281221 : 0x00281201) + c, 'OW', encode(writing, entries, bigEndian)],
    ]),
    [0x7fe00010, 'OB', pixels],
  ]);
}

describe.each(WRITINGS)(
  'a palette of $value-bit values in $cell-bit cells under a descriptor of $descriptor, segmented: $segmented',
  (writing) => {
    it.each([0, 5])('gives its colours from index %s on', async (first) => {
      const { pixels } = await decodeFrame(writeDicom({ elements: elementsFor(writing, first) }), 'a');
      // Indices past the end take the last entry.
      const expected = [...luminance, 1, 1];
      expect([...pixels]).toEqual(expected.map((value) => expect.closeTo(value, 5)));
    });

    it('gives its colours from a negative index on', async () => {
      const { pixels } = await decodeFrame(writeDicom({ elements: elementsFor(writing, -2, { signed: true }) }), 'a');
      expect([...pixels]).toEqual([...luminance, 1, 1].map((value) => expect.closeTo(value, 5)));
    });
  },
);

it.each(WRITINGS.filter(({ cell }) => cell === 16))(
  'a palette in big endian: $value-bit values under a descriptor of $descriptor, segmented: $segmented',
  async (writing) => {
    const elements = elementsFor(writing, 0, { bigEndian: true });
    const { pixels } = await decodeFrame(writeDicom({ transferSyntax: BIG_ENDIAN, elements }), 'a');
    expect([...pixels].slice(0, 4)).toEqual(luminance.map((value) => expect.closeTo(value, 5)));
  },
);

describe('segments that repeat others', () => {
  // Entries 0 and 100, then both again by the offset of their segment, then a run of two to 200.
  const entries = [0, 100, 0, 100, 150, 200];
  const build = (cell: 8 | 16) => {
    const units = cell === 8 ? [0, 2, 0, 100, 2, 1, 0, 0, 0, 0, 1, 2, 200] : [0, 2, 0, 100, 2, 1, 0, 0, 1, 2, 200];
    const data = cell === 8 ? Uint8Array.from(units) : words(units);
    return imageElements(6, 1, 'PALETTE COLOR', Uint8Array.from([0, 1, 2, 3, 4, 5]), [
      ...[0, 1, 2].map((c) => [0x00281101 + c, 'US', words([6, 0, cell])] as const),
      ...[0, 1, 2].map((c) => [0x00281221 + c, 'OW', data] as const),
    ]);
  };

  it.each([8, 16] as const)('are followed in %s-bit tables', async (cell) => {
    const { pixels } = await decodeFrame(writeDicom({ elements: build(cell) }), 'a');
    expect([...pixels]).toEqual(entries.map((value) => expect.closeTo(value / 255, 5)));
  });
});

describe('refuses', () => {
  const palette = (overrides: Record<number, DicomElement>): DicomElement[] =>
    elementsFor({ descriptor: 16, value: 16, cell: 16, segmented: false }, 0).map((one) => overrides[one[0]] ?? one);
  const cases: Record<string, [DicomElement[], string]> = {
    'tables of different lengths': [
      palette({ 2625794: [0x00281102, 'US', words([3, 0, 16])] }),
      'differ in length or first index',
    ],
    'tables of different first indices': [
      palette({ 2625795: [0x00281103, 'US', words([4, 1, 16])] }),
      'differ in length or first index',
    ],
    'a table of bytes under a descriptor of 16 bits': [
      palette({ 2626049: [0x00281201, 'OW', Uint8Array.of(1, 2, 3, 4)] }),
      'has 2 of its 4 entries',
    ],
    'segments that make too few entries': [
      elementsFor({ descriptor: 16, value: 16, cell: 16, segmented: true }, 0).map((one) =>
        one[0] === 0x00281221 ? [0x00281221, 'OW', words([0, 2, 1, 2])] : one,
      ),
      'a segmented palette is malformed or does not have its 4 entries',
    ],
  };

  it.each(Object.entries(cases))('%s', async (_, [elements, message]) => {
    const error = await decodeFrame(writeDicom({ elements }), 'a').catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ImageError);
    expect(String(error)).toContain(message);
  });
});
