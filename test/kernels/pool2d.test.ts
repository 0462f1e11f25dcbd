import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { avgPool2d, maxPool2d, type PoolOptions } from '../../src/index.js';
import { avgPool2dReference, maxPool2dReference } from '../../src/kernels/pool2d/reference.js';
import { poolWindow } from '../../src/kernels/pool2d/window.js';
import { type Case, checkOperation, type Reference, type Values } from '../support/check-operation.js';
import { sharedDevice } from '../support/device.js';
import { testImageGolden } from './image-golden.js';

interface Axis {
  readonly kernel: number;
  readonly stride: number;
  readonly padding: number;
  readonly extent: number;
}

/** Windows that overlap, leave gaps, hang over the edge, and do not divide the image. */
const axis = fc.integer({ min: 1, max: 5 }).chain((kernel) =>
  fc
    .record({
      kernel: fc.constant(kernel),
      stride: fc.integer({ min: 1, max: 4 }),
      padding: fc.integer({ min: 0, max: Math.floor(kernel / 2) }),
      extent: fc.integer({ min: 1, max: 9 }),
    })
    .filter(({ extent, padding }) => extent + 2 * padding >= kernel),
);

const cases = (values: Values): fc.Arbitrary<Case<PoolOptions>> =>
  fc
    .tuple(fc.integer({ min: 1, max: 2 }), axis, axis, fc.constantFrom(1, 3, 4, 8))
    .map(([images, rows, columns, channels]) => {
      const both = (key: keyof Axis): [number, number] => [rows[key], columns[key]];
      return {
        inputs: [{ shape: [images, rows.extent, columns.extent, channels], values }],
        attributes: { kernelSize: both('kernel'), stride: both('stride'), padding: both('padding') },
      };
    });

const windowOver = (x: Reference, options: PoolOptions) =>
  poolWindow('test', { shape: x.shape, dtype: 'f32' }, options);

describe('maxPool2d', () => {
  test('values and gradients', async () => {
    await checkOperation({
      cases: cases('distinct'),
      run: ([x], options) => maxPool2d(x, options),
      reference: ([x], options) => {
        const window = windowOver(x, options);
        return { shape: window.outputShape, values: maxPool2dReference(x.values, window) };
      },
      secondRoundings: 256,
      effort: 4,
    });
  });

  testImageGolden('max_pool2d_0', (x) => maxPool2d(x, { kernelSize: 2 }), 1);
  testImageGolden('max_pool2d_2', (x) => maxPool2d(x, { kernelSize: 3, stride: 2, padding: 1 }), 8);
  testImageGolden('max_pool2d_ties', (x) => maxPool2d(x, { kernelSize: 2 }), 1);

  test('padding never wins over negative values, and a NaN always does', async () => {
    const device = await sharedDevice();
    const negative = device.full([1, 2, 2, 1], -3);
    expect([...(await maxPool2d(negative, { kernelSize: 3, stride: 2, padding: 1 }).data())]).toEqual([-3]);
    const withNaN = device.tensor([1, Number.NaN, 5, 2, 3, 4], [1, 1, 6, 1]);
    expect([...(await maxPool2d(withNaN, { kernelSize: [1, 3] }).data())]).toEqual([Number.NaN, 4]);
  });

  test('refuses windows that PyTorch refuses', async () => {
    const device = await sharedDevice();
    const x = device.ones([1, 4, 4, 1]);
    expect(() => maxPool2d(x, { kernelSize: 2, padding: 2 })).toThrow(/padding 2 must be a whole number from 0 to 1/);
    expect(() => maxPool2d(x, { kernelSize: 5 })).toThrow(/a window of 5 does not fit into 4 cells/);
    expect(() => maxPool2d(x, { kernelSize: 2, stride: 0 })).toThrow(
      /got 0 for stride; give a whole number of at least 1/,
    );
    expect(() => maxPool2d(device.ones([4, 4]), { kernelSize: 2 })).toThrow(/x is 4×4; it must be \[N, H, W, C\]/);
  });
});

describe('avgPool2d', () => {
  test.each([true, false])('values and gradients (countIncludePad: %s)', async (countIncludePad) => {
    await checkOperation({
      cases: cases('any'),
      run: ([x], options) => avgPool2d(x, { ...options, countIncludePad }),
      reference: ([x], options) => {
        const window = windowOver(x, options);
        return { shape: window.outputShape, values: avgPool2dReference(x.values, window, countIncludePad) };
      },
      roundings: () => 32,
      secondRoundings: 256,
      effort: 4,
    });
  });
});
