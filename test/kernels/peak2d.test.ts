import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { gradients, peak2d, type Shape, sum } from '../../src/index.js';
import { peak2dReference } from '../../src/kernels/peak2d/reference.js';
import { type Case, checkOperation, shapes } from '../support/check-operation.js';
import { sharedDevice } from '../support/device.js';

describe('peak2d', () => {
  test('column and row of the largest value of every map', async () => {
    await checkOperation({
      // Up to 40 × 40 cells, so that both sizes of workgroups are drawn, and maps smaller than either.
      cases: fc.tuple(shapes(1, 3), fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 40 }), shapes(1, 5)).map(
        ([[images], height, width, [channels]]): Case<null> => ({
          inputs: [{ shape: [images, height, width, channels], values: 'distinct' }],
          attributes: null,
        }),
      ),
      run: ([x]) => peak2d(x),
      reference: ([{ shape, values }]) => ({ shape: [shape[0], shape[3], 2], values: peak2dReference(values, shape) }),
      differentiable: [],
      roundings: () => 0,
    });
  });

  /** Peak of a map that is 0 but in the given cells. */
  const peakOf = async (shape: Shape, cells: Record<number, number>, elsewhere = 0) => {
    const device = await sharedDevice();
    const values = new Float32Array(shape[1] * shape[2]).fill(elsewhere);
    for (const [cell, value] of Object.entries(cells)) values[Number(cell)] = value;
    return [...(await peak2d(device.tensor(values, shape)).data())];
  };

  test('of equal values the first in row-major order wins, whichever lanes they meet in', async () => {
    expect(await peakOf([1, 64, 64, 1], {})).toEqual([0, 0]);
    expect(await peakOf([1, 64, 64, 1], { 4000: 1, 3999: 1 })).toEqual([3999 % 64, Math.floor(3999 / 64)]);
    // Cells 300 and 556 share a lane of 256; 301 lies in the next one.
    expect(await peakOf([1, 64, 64, 1], { 556: 1, 301: 1 })).toEqual([301 % 64, Math.floor(301 / 64)]);
    expect(await peakOf([1, 64, 64, 1], { 557: 1, 556: 1, 300: 1 })).toEqual([300 % 64, Math.floor(300 / 64)]);
  });

  test('negative maps have a peak too', async () => {
    expect(await peakOf([1, 3, 5, 1], { 7: -1 }, -3e38)).toEqual([2, 1]);
  });

  test('refuses other ranks, and has no gradient', async () => {
    const device = await sharedDevice();
    expect(() => peak2d(device.ones([4, 4, 1]))).toThrow(/are \[N, H, W, K\], got 4×4×1/);
    const x = device.ones([1, 2, 2, 1]);
    expect(() => gradients(sum(peak2d(x)), [x])).toThrow();
  });
});
