import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { gaussianHeatmap, mul } from '../../src/index.js';
import { type Decoding, HeatmapReader, toNormalized } from '../../src/model/index.js';
import { propertyParameters } from '../support/check-operation.js';
import { sharedDevice } from '../support/device.js';

const SIZE = 512;
const CELLS = 64;

/**
 * Pixels that a reader reads from perfect heatmaps (Gaussians of peak 1, two cells wide) of points in a 512 px frame.
 */
async function decoded(
  points: readonly (readonly [x: number, y: number])[],
  decoding: Decoding,
  grid: 'linspace' | 'pixel-centre' = 'pixel-centre',
): Promise<[x: number, y: number][]> {
  const device = await sharedDevice();
  const reader = new HeatmapReader(decoding, grid);
  const normalized = points.flat().map((pixel) => toNormalized(pixel, SIZE, grid));
  const targets = device.tensor(normalized, [1, points.length, 2]);
  const heatmaps = gaussianHeatmap(targets, { size: [CELLS, CELLS], sigma: 2, grid });
  const values = await reader.points(heatmaps).data();
  for (const tensor of [targets, heatmaps]) tensor.dispose();
  return points.map((_, i) => [
    reader.toPixel(values[2 * i], SIZE, CELLS),
    reader.toPixel(values[2 * i + 1], SIZE, CELLS),
  ]);
}

/** Every pixel of a cell, along both axes, somewhere within the frame. */
const everyPixelOfCells = Array.from({ length: 64 }, (_, i) => [200 + (i % 8), 304 + Math.floor(i / 8)] as const);

async function meanError(decoding: Decoding, grid?: 'linspace'): Promise<[x: number, y: number]> {
  const found = await decoded(everyPixelOfCells, decoding, grid);
  const mean = (axis: 0 | 1) =>
    found.reduce((sum, point, i) => sum + point[axis] - everyPixelOfCells[i][axis], 0) / found.length;
  return [mean(0), mean(1)];
}

describe('decoding perfect heatmaps of a 512 px frame', () => {
  test('index · 8 lies 3.5 px left of and above the truth on average; the half-cell correction takes that out', async () => {
    expect(await meanError('argmax-biased')).toEqual([-3.5, -3.5]);
    expect(await meanError('argmax')).toEqual([0, 0]);
  });

  test('the highest cell is at most half a cell away', async () => {
    const pixel = fc.integer({ min: 0, max: SIZE - 1 });
    const points = fc.array(fc.tuple(pixel, pixel), { minLength: 3, maxLength: 3 });
    await fc.assert(
      fc.asyncProperty(points, async (truth) => {
        for (const [decoding, grid, most] of [
          ['argmax', 'pixel-centre', 3.5],
          ['argmax', 'linspace', 511 / 63 / 2],
        ] as const) {
          for (const [i, [x, y]] of (await decoded(truth, decoding, grid)).entries()) {
            expect(Math.abs(x - truth[i][0])).toBeLessThanOrEqual(most + 1e-4);
            expect(Math.abs(y - truth[i][1])).toBeLessThanOrEqual(most + 1e-4);
          }
        }
      }),
      propertyParameters(),
    );
  });

  test('the ends of the grids: first and last cell', async () => {
    const pixel = (decoding: Decoding, grid: 'linspace' | 'pixel-centre', value: number) =>
      new HeatmapReader(decoding, grid).toPixel(value, SIZE, CELLS);
    expect([pixel('argmax', 'pixel-centre', 0), pixel('argmax', 'pixel-centre', 63)]).toEqual([3.5, 507.5]);
    expect([pixel('argmax', 'linspace', 0), pixel('argmax', 'linspace', 63)]).toEqual([0, 511]);
    for (const grid of ['pixel-centre', 'linspace'] as const) {
      expect([pixel('argmax-biased', grid, 0), pixel('argmax-biased', grid, 63)]).toEqual([0, 504]);
    }
    expect([pixel('dsnt', 'linspace', -1), pixel('dsnt', 'linspace', 1)]).toEqual([0, 511]);
    expect([pixel('dsnt', 'pixel-centre', -1), pixel('dsnt', 'pixel-centre', 1)]).toEqual([-0.5, 511.5]);
  });

  test('the expectation of a peaked distribution is exact on either grid', async () => {
    const device = await sharedDevice();
    const truth = [301.25, 144.5] as const;
    for (const grid of ['linspace', 'pixel-centre'] as const) {
      const reader = new HeatmapReader('dsnt', grid);
      // The logarithm of a Gaussian two cells wide: its softmax is the Gaussian.
      const logits = Array.from({ length: CELLS * CELLS }, (_, cell) => {
        const at = [cell % CELLS, Math.floor(cell / CELLS)];
        const squares = at.map((index, axis) => {
          const distance = toNormalized(index, CELLS, grid) - toNormalized(truth[axis], SIZE, grid);
          return ((distance * CELLS) / 2) ** 2;
        });
        return -(squares[0] + squares[1]) / (2 * 2 ** 2);
      });
      const values = await reader.points(device.tensor(logits, [1, CELLS, CELLS, 1])).data();
      expect(reader.toPixel(values[0], SIZE, CELLS)).toBeCloseTo(truth[0], 2);
      expect(reader.toPixel(values[1], SIZE, CELLS)).toBeCloseTo(truth[1], 2);
    }
  });

  test('the softmax of a heatmap of heights 0 to 1 is nearly uniform: its expectation is the middle, whatever it shows', async () => {
    const truths = [
      [100, 60],
      [420, 300],
    ] as const;
    const far = await decoded(truths, 'dsnt');
    for (const [i, [x, y]] of far.entries()) {
      // A peak of 2πσ² · (e − 1) or so cells against 4096 others moves the point by about one per cent of its way.
      expect(Math.hypot(x - 255.5, y - 255.5)).toBeLessThan(6);
      expect(Math.hypot(x - truths[i][0], y - truths[i][1])).toBeGreaterThan(150);
    }
    for (const [i, [x, y]] of (await decoded(truths, 'argmax')).entries()) {
      expect(Math.hypot(x - truths[i][0], y - truths[i][1])).toBeLessThan(6);
    }
  });

  test('logits and their softmax have the same peak', async () => {
    const device = await sharedDevice();
    const logits = device.randn([2, 9, 7, 3], 5);
    const reader = new HeatmapReader('argmax', 'linspace');
    const peaks = await reader.points(logits).data();
    expect(await reader.points(mul(logits, 3)).data()).toEqual(peaks);
    expect(Math.max(...peaks)).toBeGreaterThan(0);
  });
});
