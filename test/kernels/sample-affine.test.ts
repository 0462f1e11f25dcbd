import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { sampleAffine } from '../../src/index.js';
import { sampleAffineReference } from '../../src/kernels/sample-affine/reference.js';
import { type Case, checkOperation } from '../support/check-operation.js';
import { sharedDevice } from '../support/device.js';

interface Attributes {
  /** Six numbers for each image. */
  readonly matrices: readonly number[];
  readonly size?: readonly [number, number];
}

const extent = fc.integer({ min: 1, max: 9 });
/** Exact in float32; with the small whole numbers of pixels, so are the places that they lead to. */
const linear = fc.integer({ min: -96, max: 96 }).map((step) => step / 64);
const shift = fc.integer({ min: -256, max: 640 }).map((step) => step / 64);
const cases = fc
  .record({
    shape: fc.tuple(fc.integer({ min: 1, max: 3 }), extent, extent, fc.constantFrom(1, 3, 4)),
    size: fc.option(fc.tuple(extent, extent), { nil: undefined }),
    numbers: fc.infiniteStream(fc.tuple(linear, linear, shift)),
  })
  .map(
    ({ shape, size, numbers }): Case<Attributes> => ({
      inputs: [{ shape }],
      attributes: { matrices: [...numbers.take(2 * shape[0])].flat(), ...(size ? { size } : {}) },
    }),
  );

describe('sampleAffine', () => {
  test('any map from images of any size to any other', async () => {
    await checkOperation({
      cases,
      run: ([x], { matrices, size }) =>
        sampleAffine(x, x.device.tensor(matrices, [x.shape[0], 6]), size ? { size } : {}),
      reference: ([{ shape, values }], { matrices, size = [shape[1], shape[2]] }) => ({
        shape: [shape[0], ...size, shape[3]],
        values: sampleAffineReference(values, shape, matrices, size),
      }),
      differentiable: [],
      roundings: () => 16,
      effort: 2,
    });
  });

  test('moves by whole pixels and flips exactly', async () => {
    const device = await sharedDevice();
    const x = device.tensor([1, 2, 3, 4, 5, 6], [1, 2, 3, 1]);
    const seen = async (...matrix: number[]) => [...(await sampleAffine(x, device.tensor(matrix, [1, 6])).data())];
    expect(await seen(-1, 0, 2, 0, 1, 0)).toEqual([3, 2, 1, 6, 5, 4]);
    expect(await seen(1, 0, 0, 0, -1, 1)).toEqual([4, 5, 6, 1, 2, 3]);
    expect(await seen(1, 0, -1, 0, 1, 1)).toEqual([0, 4, 5, 0, 0, 0]);
    // Half a pixel beyond the left border half of the grey is left.
    expect(await seen(1, 0, -0.5, 0, 1, 0)).toEqual([0.5, 1.5, 2.5, 2, 4.5, 5.5]);
    expect(await seen(1, 0, 1e30, 0, 1, -1e30)).toEqual([0, 0, 0, 0, 0, 0]);
  });

  test('refuses matrices for another number of images, and a size that is none', async () => {
    const device = await sharedDevice();
    const x = device.zeros([2, 4, 4, 1]);
    expect(() => sampleAffine(x, device.zeros([2, 2, 3]))).toThrow(/matrices are 2×2×3; 2 images need 2×6/);
    expect(() => sampleAffine(x, device.zeros([2, 6]), { size: [0, 4] })).toThrow(/got \[0, 4\] for size/);
    expect(() => sampleAffine(device.zeros([2, 4, 4]), device.zeros([2, 6]))).toThrow(/\[N, H, W, C\]/);
  });
});
