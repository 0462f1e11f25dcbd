import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { greyJitterTables, histogramOf } from '../../src/index.js';
import { greyJitterReference } from '../../src/kernels/grey-jitter/reference.js';
import { type Case, checkOperation } from '../support/check-operation.js';
import { sharedDevice } from '../support/device.js';

interface Attributes {
  readonly frames: readonly Uint8Array[];
  readonly indices: readonly number[];
  /** Brightness, contrast, contrast first: one row for each index. */
  readonly factors: readonly (readonly [number, number, number])[];
}

const factor = fc.integer({ min: 0, max: 128 }).map((step) => step / 64);
const cases = fc
  .record({
    frames: fc.array(fc.uint8Array({ minLength: 1, maxLength: 50 }), { minLength: 1, maxLength: 3 }),
    draws: fc.array(fc.tuple(fc.nat({ max: 3 }), factor, factor, fc.constantFrom(0, 1)), {
      minLength: 1,
      maxLength: 4,
    }),
  })
  .map(
    ({ frames, draws }): Case<Attributes> => ({
      // Not used, but there is an input to take the device from.
      inputs: [{ shape: [1] }],
      attributes: {
        frames,
        indices: draws.map(([index]) => index),
        factors: draws.map(([, ...factors]) => factors),
      },
    }),
  );

describe('greyJitterTables', () => {
  test('any brightness and contrast in either order, on any histogram', async () => {
    await checkOperation({
      cases,
      run: ([{ device }], { frames, indices, factors }) =>
        greyJitterTables(
          device.tensor(
            frames.flatMap((frame) => [...histogramOf(frame)]),
            [frames.length, 256],
            'u32',
          ),
          device.tensor(indices, [indices.length], 'u32'),
          device.tensor(factors.flat(), [indices.length, 3]),
        ),
      reference: (_, { frames, indices, factors }) => ({
        shape: [indices.length, 256],
        values: Float64Array.from(
          indices.flatMap((index, n) => {
            const [brightness, contrast, first] = factors[n];
            const frame = frames[Math.min(index, frames.length - 1)];
            return [...greyJitterReference(histogramOf(frame), brightness, contrast, first === 1)];
          }),
        ),
      }),
      differentiable: [],
      magnitude: 1,
      roundings: () => 16,
    });
  });

  test('the reference is the definition, pixel by pixel', () => {
    // 51 and 204 of 255 are 0.2 and 0.8; doubled and cut off 0.4 and 1, whose mean is 0.7.
    const histogram = histogramOf(Uint8Array.of(51, 204));
    const brightFirst = greyJitterReference(histogram, 2, 0.5, false);
    expect([brightFirst[51], brightFirst[204]]).toEqual([expect.closeTo(0.55, 12), expect.closeTo(0.85, 12)]);
    // Around the mean of 0.5 first: 0.35 and 0.65, then doubled and cut off.
    const contrastFirst = greyJitterReference(histogram, 2, 0.5, true);
    expect([contrastFirst[51], contrastFirst[204]]).toEqual([expect.closeTo(0.7, 12), 1]);
  });

  test('refuses what does not belong together', async () => {
    const device = await sharedDevice();
    const histograms = device.tensor(new Uint32Array(512), [2, 256], 'u32');
    const indices = device.tensor([0, 1], [2], 'u32');
    expect(() => greyJitterTables(device.zeros([2, 256]), indices, device.zeros([2, 3]))).toThrow(
      /got f32 for histograms \(2×256\), expected u32/,
    );
    expect(() => greyJitterTables(histograms, indices, device.zeros([3, 3]))).toThrow(/2 indices need 2×3/);
    expect(() => greyJitterTables(histograms, device.zeros([2]), device.zeros([2, 3]))).toThrow(
      /got f32 for indices \(2\), expected u32/,
    );
  });
});
