import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { gaussianBlur } from '../../src/index.js';
import { gaussianBlurReference } from '../../src/kernels/gaussian-blur/reference.js';
import { type Case, checkOperation } from '../support/check-operation.js';
import { sharedDevice } from '../support/device.js';

interface Attributes {
  readonly sigmas: readonly number[];
  readonly maxSigma: number;
}

/** Exact in float32, so that 3σ ends in the same pixel as in float64; none for an image that stays sharp. */
const sigma = fc.oneof(
  fc.constant(0),
  fc.integer({ min: 5, max: 160 }).map((step) => step / 64),
);
const cases = fc
  .record({
    images: fc.array(sigma, { minLength: 1, maxLength: 3 }),
    height: fc.integer({ min: 1, max: 20 }),
    width: fc.oneof(fc.integer({ min: 1, max: 20 }), fc.constantFrom(8, 12, 16)),
    channels: fc.constantFrom(1, 1, 2, 4),
    // Not the largest drawn: kernels that reach less far than they could.
    slack: fc.constantFrom(0, 0.5),
  })
  .map(
    ({ images: sigmas, height, width, channels, slack }): Case<Attributes> => ({
      inputs: [{ shape: [sigmas.length, height, width, channels] }],
      attributes: { sigmas, maxSigma: Math.max(0.25, ...sigmas) + slack },
    }),
  );

describe('gaussianBlur', () => {
  test('each image by its own σ, mirrored at the borders, also where the kernel is wider than the image', async () => {
    await checkOperation({
      cases,
      run: ([x], { sigmas, maxSigma }) => gaussianBlur(x, x.device.tensor(sigmas), { maxSigma }),
      reference: ([{ shape, values }], { sigmas }) => ({
        shape,
        values: gaussianBlurReference(values, shape, sigmas),
      }),
      differentiable: [],
      roundings: () => 64,
    });
  });

  test('leaves an image with σ = 0 as it is, and takes a σ above the largest for that', async () => {
    const device = await sharedDevice();
    const x = device.randn([3, 7, 9, 1], 5);
    const values = await x.data();
    const y = await gaussianBlur(x, device.tensor([0, 1, 40]), { maxSigma: 1 }).data();
    expect(y.slice(0, 63)).toEqual(values.slice(0, 63));
    expect(y.slice(63, 126)).not.toEqual(values.slice(63, 126));
    const other = await gaussianBlur(x, device.tensor([1, 1, 1]), { maxSigma: 1 }).data();
    expect(y.slice(126)).toEqual(other.slice(126));
  });

  test('refuses shapes that do not fit and a σ that is none', async () => {
    const device = await sharedDevice();
    const x = device.zeros([2, 4, 4, 1]);
    expect(() => gaussianBlur(x, device.zeros([3]), { maxSigma: 1 })).toThrow(/2 images need one number each/);
    expect(() => gaussianBlur(device.zeros([4, 4]), device.zeros([4]), { maxSigma: 1 })).toThrow(/\[N, H, W, C\]/);
    expect(() => gaussianBlur(x, device.zeros([2]), { maxSigma: 0 })).toThrow(
      /got 0 for maxSigma; give a positive number/,
    );
  });
});
