import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type CoordinateGrid, gaussianHeatmap, gaussianTarget } from '../../src/index.js';
import { gaussianHeatmapReference } from '../../src/kernels/heatmap/reference.js';
import { expectClose, propertyParameters } from '../support/check-operation.js';
import { sharedDevice } from '../support/device.js';
import { golden, nchwToNhwc } from '../support/golden.js';

const sigma = fc.double({ min: 0.5, max: 4, noNaN: true });
const options = fc.record({
  size: fc.tuple(fc.integer({ min: 2, max: 12 }), fc.integer({ min: 2, max: 12 })),
  sigma: fc.tuple(sigma, sigma),
  grid: fc.constantFrom<CoordinateGrid>('linspace', 'pixel-centre'),
  normalized: fc.boolean(),
});
/** Normalized coordinates, some outside the frame, exact in float32. */
const coordinate = fc.integer({ min: -80, max: 80 }).map((step) => step / 64);

describe('gaussianHeatmap', () => {
  test('heatmap, entropy and least divergence agree with their definitions', async () => {
    const device = await sharedDevice();
    await fc.assert(
      fc.asyncProperty(
        options,
        fc.integer({ min: 1, max: 2 }),
        fc.integer({ min: 1, max: 3 }),
        fc.infiniteStream(coordinate),
        async (settings, images, channels, stream) => {
          const points = [...stream.take(images * channels * 2)];
          const target = gaussianTarget(device.tensor(points, [images, channels, 2]), settings);
          const expected = gaussianHeatmapReference(points, [images, channels], settings);
          const [height, width] = settings.size;
          expect(target.heatmap.shape).toEqual([images, height, width, channels]);
          const sums = new Float64Array(images * channels);
          const negativeEntropy = new Float64Array(images * channels);
          for (const [i, value] of expected.entries()) {
            const map = Math.floor(i / (height * width * channels)) * channels + (i % channels);
            sums[map] += value;
            if (value > 0) negativeEntropy[map] += value * Math.log(value);
          }
          expectClose(await target.heatmap.data(), expected, 256, 'heatmap', 0.1);
          expectClose(await target.negativeEntropy.data(), negativeEntropy, 256, 'negative entropy', 0.1);
          const least = sums.map((sum) => (settings.normalized ? 0 : sum * Math.log(sum)));
          expectClose(await target.leastDivergence.data(), least, 256, 'least divergence', 1);
        },
      ),
      propertyParameters(3),
    );
  });

  test('has its peak of 1 on the point and falls to e^(−1/2) one σ away, on either grid', async () => {
    const device = await sharedDevice();
    const middle = device.tensor([0, 0], [1, 1, 2]);
    const centred = await gaussianHeatmap(middle, { size: [9, 9], sigma: 2, grid: 'pixel-centre' }).data();
    expectClose([centred[4 * 9 + 4], centred[4 * 9 + 6], centred[2 * 9 + 4]], [1, Math.exp(-0.5), Math.exp(-0.5)], 8);
    // A linspace grid of 9 has 8 steps in the width of 9 cells: σ = 9/8·2 cells reach two steps.
    const ends = await gaussianHeatmap(middle, { size: [9, 9], sigma: (2 * 9) / 8, grid: 'linspace' }).data();
    expectClose([ends[4 * 9 + 4], ends[4 * 9 + 6], ends[2 * 9 + 4]], [1, Math.exp(-0.5), Math.exp(-0.5)], 8);
  });

  test('a normalized map of a point far outside still sums to 1, in the nearest cells', async () => {
    const device = await sharedDevice();
    const far = device.tensor([40, 0], [1, 1, 2]);
    const map = await gaussianHeatmap(far, { size: [3, 8], sigma: 1, grid: 'pixel-centre', normalized: true }).data();
    expectClose([map.reduce((a, b) => a + b)], [1], 16);
    expect(map[8 + 7]).toBeGreaterThan(0.3);
  });

  const file = golden('kl_gauss_softmax_0');
  test.skipIf(!file)('PyTorch golden kl_gauss_softmax_0: the normalized Gaussian', async () => {
    const device = await sharedDevice();
    const tensors = file?.tensors ?? {};
    const { target, gaussian } = tensors;
    const [, , height, width] = gaussian.shape;
    // σ = 0.15 in normalized units, in which a cell is 2/n wide.
    const map = gaussianHeatmap(device.tensor(target.data, target.shape), {
      size: [height, width],
      sigma: [(0.15 * height) / 2, (0.15 * width) / 2],
      grid: 'pixel-centre',
      normalized: true,
    });
    expectClose(await map.data(), nchwToNhwc(gaussian).values, 32);
  });

  test('refuses points that are no pairs, and σ that is not positive', async () => {
    const device = await sharedDevice();
    const settings = { size: [4, 4], sigma: 1, grid: 'linspace' } as const;
    expect(() => gaussianHeatmap(device.zeros([2, 6]), settings)).toThrow(/points are 2×6; they must be \[N, K, 2\]/);
    expect(() => gaussianHeatmap(device.zeros([2, 3, 2]), { ...settings, sigma: 0 })).toThrow(
      /got 0 for sigma; give a positive number/,
    );
  });
});
