import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { cropFrame, decodeFrame, type Frame, openImage } from '../../src/images/index.js';
import { type DicomElement, imageElements, sequence, words, writeDicom } from './dicom-writer.js';

const decode = (elements: readonly DicomElement[]) => decodeFrame(writeDicom({ elements }), 'frame.dcm');
const levels = (frame: Frame, top = 255) => Array.from(frame.pixels, (value) => Math.round(value * top));
const grey = Uint8Array.from({ length: 24 }, (_, i) => i * 10);

/** An ultrasound region; corners are the first and the last pixel that belong to it. */
const region = (
  corners: readonly [number, number, number, number],
  { type = 1, format = 1, unit = 3, dx = 0.02, dy = 0.03 } = {},
): DicomElement[] => [
  [0x00186012, 'US', format],
  [0x00186014, 'US', type],
  ...corners.map((value, i) => [0x00186018 + 2 * i, 'UL', value] as const),
  [0x00186024, 'US', unit],
  [0x00186026, 'US', unit],
  [0x0018602c, 'FD', dx],
  [0x0018602e, 'FD', dy],
];
const regions = (...items: DicomElement[][]): DicomElement => [0x00186011, 'SQ', sequence(items)];
const frameWith = (...more: DicomElement[]) => decode(imageElements(6, 4, 'MONOCHROME2', grey, more));

describe('ultrasound regions', () => {
  it('give the part that shows tissue and its millimetres per pixel', async () => {
    const frame = await frameWith(regions(region([1, 1, 3, 2])));
    expect(frame.region).toEqual({ x: 1, y: 1, width: 3, height: 2 });
    expect(frame.spacing?.x).toBeCloseTo(0.2, 12);
    expect(frame.spacing?.y).toBeCloseTo(0.3, 12);
    const crop = cropFrame(frame);
    expect([crop.width, crop.height, ...levels(crop)]).toEqual([3, 2, 70, 80, 90, 130, 140, 150]);
    expect(crop.spacing).toEqual(frame.spacing);
    expect(crop.region).toBeUndefined();
  });

  it('are told before anything is decoded', async () => {
    const elements = imageElements(6, 4, 'MONOCHROME2', new Uint8Array(2), [regions(region([1, 1, 3, 2]))]);
    const file = await openImage(writeDicom({ elements }), 'a');
    expect(file.region).toEqual({ x: 1, y: 1, width: 3, height: 2 });
    expect(file.spacing?.x).toBeCloseTo(0.2, 12);
  });

  it('count by size, and only with tissue in two dimensions', async () => {
    const frame = await frameWith(
      regions(
        region([0, 0, 5, 3], { format: 3, dx: 1 }),
        region([0, 0, 5, 3], { type: 10, dx: 2 }),
        region([0, 0, 1, 1], { dx: 3 }),
        region([2, 0, 5, 3], { type: 2, dx: 0.05 }),
      ),
    );
    expect(frame.region).toEqual({ x: 2, y: 0, width: 4, height: 4 });
    expect(frame.spacing?.x).toBeCloseTo(0.5, 12);
  });

  it('are cut to the image, and are none where they are the whole or lie outside', async () => {
    expect((await frameWith(regions(region([2, 1, 99, 99])))).region).toEqual({ x: 2, y: 1, width: 4, height: 3 });
    for (const corners of [
      [0, 0, 5, 3],
      [0, 0, 60, 30],
      [6, 0, 9, 3],
      [4, 2, 1, 1],
      [4_000_000_000, 0, 5, 3],
    ] as const) {
      const frame = await frameWith(regions(region(corners)));
      expect(frame.region).toBeUndefined();
      expect(cropFrame(frame)).toBe(frame);
    }
  });

  it('without centimetres leave the scale to the pixel spacing, and that to the detector', async () => {
    const pixel: DicomElement = [0x00280030, 'DS', '0.25\\0.5'];
    const detector: DicomElement = [0x00181164, 'DS', '0.1\\0.2'];
    const seconds = regions(region([1, 1, 3, 2], { unit: 4 }));
    expect((await frameWith(seconds, pixel, detector)).spacing).toEqual({ x: 0.5, y: 0.25 });
    expect((await frameWith(seconds, detector)).spacing).toEqual({ x: 0.2, y: 0.1 });
    expect((await frameWith(regions(region([1, 1, 3, 2], { dx: 0 })))).spacing).toBeUndefined();
    expect((await frameWith([0x00280030, 'DS', '0\\0.5'])).spacing).toBeUndefined();
  });
});

describe('lookup tables of greyscale', () => {
  const table = (tag: number, first: number, bits: number, entries: readonly number[]): DicomElement => [
    tag,
    'SQ',
    sequence([
      [
        [0x00283002, 'US', words([entries.length, first, bits])],
        [0x00283006, 'OW', words(entries)],
      ],
    ]),
  ];
  const three = (...more: DicomElement[]) =>
    decode(imageElements(4, 1, 'MONOCHROME2', Uint8Array.of(0, 10, 11, 200), more));

  it('stand for a window, behind slope and intercept', async () => {
    expect(levels(await three(table(0x00283010, 10, 12, [100, 4095])), 4095)).toEqual([100, 100, 4095, 4095]);
    const moved = await three(table(0x00283010, 21, 12, [100, 4095]), [0x00281053, 'DS', '2']);
    expect(levels(moved, 4095)).toEqual([100, 100, 4095, 4095]);
  });

  it('give way to a window', async () => {
    const window: DicomElement[] = [
      [0x00281050, 'DS', '10.5'],
      [0x00281051, 'DS', '1'],
    ];
    expect(levels(await three(table(0x00283010, 10, 12, [100, 4095]), ...window))).toEqual([0, 0, 255, 255]);
  });

  it('stand for slope and intercept', async () => {
    expect(levels(await three(table(0x00283000, 10, 8, [51, 102])))).toEqual([51, 51, 102, 102]);
  });
});

it('refuses what is YBR and has no luma', async () => {
  for (const photometric of ['YBR_PARTIAL_422', 'YBR_RCT']) {
    await expect(decode(imageElements(2, 1, photometric, new Uint8Array(6)))).rejects.toThrow(
      `photometric interpretation ${photometric} is not supported`,
    );
  }
});

it('lets no identifier out: not in what it returns, and not in what it says', async () => {
  const identifiers: DicomElement[] = [
    [0x00080018, 'UI', '1.2.3.4.5678'],
    [0x00080080, 'LO', 'Ward Seven'],
    [0x00100010, 'PN', 'Doe^Jane'],
    [0x00100020, 'LO', 'MRN-4711'],
    [0x00100030, 'DA', '19840229'],
  ];
  const secrets = /Doe|Jane|Ward|4711|19840229|5678|0010/;
  const bytes = writeDicom({
    elements: [...identifiers, ...imageElements(6, 4, 'MONOCHROME2', grey, [regions(region([1, 1, 3, 2]))])],
  });
  const file = await openImage(bytes, 'a');
  expect(Object.keys(file).sort()).toEqual(['decode', 'format', 'frameCount', 'height', 'region', 'spacing', 'width']);
  const frame = await file.decode();
  expect(Object.keys(frame).sort()).toEqual(['height', 'pixels', 'region', 'spacing', 'width']);
  expect(Object.keys(cropFrame(frame)).sort()).toEqual(['height', 'pixels', 'spacing', 'width']);
  // Not a view of the file either.
  expect(frame.pixels.buffer.byteLength).toBe(24 * 4);
  expect(inspect([file, frame], { depth: 20, showHidden: true, maxStringLength: null })).not.toMatch(secrets);
  // A name where the colour model should be is not repeated.
  const misplaced = imageElements(6, 4, 'Doe^Jane', new Uint8Array(72));
  const error = await decode([...identifiers, ...misplaced]).catch((reason: unknown) => reason);
  expect(String(error)).toContain('photometric interpretation that is not known');
  expect(String(error)).not.toMatch(secrets);
});

it('opens a file of 10,000 frames with the memory of one', async () => {
  const elements = imageElements(200, 200, 'MONOCHROME2', new Uint8Array(80_000), [[0x00280008, 'IS', '10000']]);
  const bytes = writeDicom({ elements });
  const before = process.memoryUsage().arrayBuffers;
  const file = await openImage(bytes, 'a');
  expect(file.frameCount).toBe(10_000);
  expect((await file.decode(1)).pixels.length).toBe(40_000);
  await expect(file.decode(9999)).rejects.toThrow('the file has 0 for frame 10000; it is truncated');
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(20_000_000);
});
