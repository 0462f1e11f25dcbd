import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type CoordinateGrid, expectation2d, softmax } from '../../src/index.js';
import { expectation2dReference } from '../../src/kernels/expectation2d/reference.js';
import { type Case, checkOperation, expectClose } from '../support/check-operation.js';
import { sharedDevice } from '../support/device.js';
import { testImageGolden } from './image-golden.js';

describe('expectation2d', () => {
  test.each([
    ['linspace', undefined],
    ['pixel-centre', undefined],
    ['linspace', 'm1'],
  ] as const)('%s grid, persona %s: values and gradients', async (grid, persona) => {
    const least = grid === 'linspace' ? 2 : 1;
    await checkOperation({
      cases: fc
        .tuple(
          fc.integer({ min: 1, max: 3 }),
          fc.integer({ min: least, max: 9 }),
          fc.integer({ min: least, max: 9 }),
          fc.integer({ min: 1, max: 5 }),
        )
        .map((shape): Case<CoordinateGrid> => ({ inputs: [{ shape, values: 'positive' }], attributes: grid })),
      run: ([p], attributes) => expectation2d(p, { grid: attributes }),
      reference: ([{ shape, values }], attributes) => ({
        shape: [shape[0], shape[3], 2],
        values: expectation2dReference(values, shape, attributes),
      }),
      roundings: () => 32,
      // Coordinates cancel around the centre of terms of up to 81 cells · 8.
      magnitude: 16,
      secondRoundings: 512,
      effort: persona ? 1 : 2,
      persona,
    });
  });

  test('a 5×5 map with its mass around (row 2, column 3) lies at (0.4, 0)', async () => {
    const device = await sharedDevice();
    const map = new Float32Array(25);
    map[2 * 5 + 3] = 0.6;
    for (const cell of [1 * 5 + 3, 3 * 5 + 3, 2 * 5 + 2, 2 * 5 + 4]) map[cell] = 0.1;
    const centre = expectation2d(device.tensor(map, [1, 5, 5, 1]), { grid: 'pixel-centre' });
    expectClose(await centre.data(), [0.4, 0], 4);
  });

  test('a single cell has exactly its own coordinates: the ends of a linspace grid are ±1', async () => {
    const device = await sharedDevice();
    const size = 64;
    const corner = new Float32Array(size * size * 2);
    corner[0] = 1;
    corner[corner.length - 1] = 1;
    const maps = device.tensor(corner, [1, size, size, 2]);
    expect([...(await expectation2d(maps, { grid: 'linspace' }).data())]).toEqual([-1, -1, 1, 1]);
    const inset = Math.fround(63 / 64);
    expect([...(await expectation2d(maps, { grid: 'pixel-centre' }).data())]).toEqual([-inset, -inset, inset, inset]);
  });

  testImageGolden('dsnt_0', (x) => expectation2d(softmax(x, { axes: [1, 2] }), { grid: 'pixel-centre' }), 64);

  test('refuses other ranks, and a linspace grid of one cell', async () => {
    const device = await sharedDevice();
    expect(() => expectation2d(device.ones([4, 4, 1]), { grid: 'linspace' })).toThrow(/are \[N, H, W, K\], got 4×4×1/);
    expect(() => expectation2d(device.ones([1, 1, 4, 1]), { grid: 'linspace' })).toThrow(/at least 2 cells .* 1×4/);
  });
});
