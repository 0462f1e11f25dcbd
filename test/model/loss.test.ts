import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compile, gradients, type Tensor } from '../../src/index.js';
import { expectation2dReference } from '../../src/kernels/expectation2d/reference.js';
import { gaussianHeatmapReference } from '../../src/kernels/heatmap/reference.js';
import { logSoftmaxReference } from '../../src/kernels/softmax/reference.js';
import { heatmapLoss, type KeypointLossOptions, keypointLoss, paperKeypointLoss } from '../../src/model/loss.js';
import { type Case, checkOperation, expectClose, type Reference, shapes } from '../support/check-operation.js';
import { sharedDevice } from '../support/device.js';
import { type Golden, golden, nchwToNhwc } from '../support/golden.js';

/** Three landmarks in pixels of a 512×512 frame, on the linspace grid. */
const landmarks = [280, 96, 160, 128, 320, 256].map((pixel) => (2 * pixel) / 511 - 1);

/** The whole loss as plain float64 loops over definitions: Σ H·ln(H/p) and Σ JS. */
function lossReference(logits: Reference, targets: Reference, options: KeypointLossOptions): number {
  const [images, height, width, points] = logits.shape;
  const cells = height * width;
  const logP = logSoftmaxReference(logits.values, { outer: images, reduce: cells, inner: points });
  const p = logP.map(Math.exp);
  const { sigma, grid, normalized, divergence, reduction, lambda } = options;
  const h = gaussianHeatmapReference(targets.values, [images, points], {
    size: [height, width],
    sigma: typeof sigma === 'number' ? [sigma, sigma] : sigma,
    grid,
    normalized,
  });
  let total = 0;
  for (const [i, coordinate] of expectation2dReference(p, logits.shape, grid).entries()) {
    total += (coordinate - targets.values[i]) ** 2 / (images * points);
  }
  const share = lambda / (reduction === 'mean' ? images * points : images);
  for (let i = 0; i < p.length; i++) {
    const middle = Math.log((h[i] + p[i]) / 2);
    const logH = h[i] > 0 ? Math.log(h[i]) : 0;
    if (divergence === 'kl') total += share * h[i] * (logH - logP[i]);
    else total += (share / 2) * (h[i] * (logH - middle) + p[i] * (logP[i] - middle));
  }
  return total;
}

const settings = fc.record({
  sigma: fc.constantFrom<KeypointLossOptions['sigma']>(0.8, 1.5, [1, 2]),
  lambda: fc.constantFrom(0.25, 1, 3.7),
  grid: fc.constantFrom<KeypointLossOptions['grid']>('linspace', 'pixel-centre'),
  reduction: fc.constantFrom<KeypointLossOptions['reduction']>('sum-per-image', 'mean'),
  target: fc.constantFrom(['kl', false], ['kl', true], ['js', true] as const),
});

const cases = fc
  .tuple(shapes(2, 3), shapes(2, 6), settings)
  .map(([[images, points], [rows, columns], { target, ...rest }]): Case<KeypointLossOptions> => {
    const [divergence, normalized] = target as ['kl' | 'js', boolean];
    return {
      inputs: [{ shape: [images, rows + 1, columns + 1, points] }, { shape: [images, points, 2] }],
      attributes: { ...rest, divergence, normalized },
    };
  });

describe('keypointLoss', () => {
  test('every option: value, and gradient by the logits', async () => {
    await checkOperation({
      cases,
      run: ([logits, targets], options) => keypointLoss(logits, targets, options).total,
      reference: ([logits, targets], options) => ({
        shape: [],
        values: Float64Array.of(lossReference(logits, targets, options)),
      }),
      differentiable: [0],
      // Sums over up to 49 cells of terms as large as their logarithms, with the drivers' exp and log.
      roundings: () => 512,
      magnitude: 1,
      effort: 3,
    });
  });

  test("the paper's preset: floor 1255.2134 for three landmarks, reached by a perfect prediction", async () => {
    const device = await sharedDevice();
    const targets = device.tensor(landmarks, [1, 3, 2]);
    // The logarithm of the Gaussian itself, whose softmax is H / ΣH.
    const logits: number[] = [];
    const spread = (2 * (paperKeypointLoss.sigma as number)) / 64;
    for (let i = 0; i < 64; i++) {
      for (let j = 0; j < 64; j++) {
        for (let k = 0; k < 3; k++) {
          const dx = (2 * j) / 63 - 1 - landmarks[2 * k];
          const dy = (2 * i) / 63 - 1 - landmarks[2 * k + 1];
          logits.push(-(dx * dx + dy * dy) / (2 * spread * spread));
        }
      }
    }
    const { total, floor, excess, coordinates } = keypointLoss(device.tensor(logits, [1, 64, 64, 3]), targets);
    expect(await floor.item()).toBeCloseTo(1255.2134, 2);
    expect(await total.item()).toBeCloseTo(1255.2134, 2);
    expect(Math.abs(await excess.item())).toBeLessThan(1e-2);
    expectClose(await coordinates.data(), landmarks, 64);
  });

  test("the paper's preset: zero logits have a weighted regularizer of 2643.9341 and point at the middle", async () => {
    const device = await sharedDevice();
    const targets = device.tensor(landmarks, [1, 3, 2]);
    const loss = keypointLoss(device.zeros([1, 64, 64, 3]), targets);
    const squared = landmarks.reduce((sum, coordinate) => sum + coordinate ** 2, 0) / 3;
    expectClose([await loss.euclidean.item()], [squared], 16);
    expect((await loss.regularizer.item()) * paperKeypointLoss.lambda).toBeCloseTo(2643.9341, 1);
    expect(await loss.total.item()).toBeCloseTo(2643.9341 + squared, 1);
    expect(await loss.excess.item()).toBeCloseTo(2643.9341 + squared - 1255.2134, 1);
    expectClose(await loss.coordinates.data(), new Float64Array(6), 8, 'coordinates', 1);
  });

  test('KL between normalized Gaussians d cells apart is d²/2σ²', async () => {
    const device = await sharedDevice();
    const size = 32;
    const gaussianAt = (column: number) =>
      Float32Array.from(
        { length: size * size },
        (_, i) => -(((i % size) - column) ** 2 + (Math.floor(i / size) - 16) ** 2) / 8,
      );
    const target = device.tensor([(2 * 13 - 31) / 32, (2 * 16 - 31) / 32], [1, 1, 2]);
    const { regularizer } = keypointLoss(device.tensor(gaussianAt(18), [1, size, size, 1]), target, {
      sigma: 2,
      grid: 'pixel-centre',
      normalized: true,
    });
    expect(await regularizer.item()).toBeCloseTo(25 / 8, 4);
  });

  test('the mean reduction divides the regularizer and its floor by the number of points as well', async () => {
    const device = await sharedDevice();
    const logits = device.randn([2, 8, 9, 3], 1);
    const targets = device.tensor([...landmarks, ...landmarks], [2, 3, 2]);
    const perImage = keypointLoss(logits, targets);
    const mean = keypointLoss(logits, targets, { reduction: 'mean' });
    expectClose([await mean.regularizer.item()], [(await perImage.regularizer.item()) / 3], 8);
    expectClose([await mean.floor.item()], [(await perImage.floor.item()) / 3], 8);
    expectClose([await mean.euclidean.item()], [await perImage.euclidean.item()], 1);
  });

  const divergences = (['kl', 'js'] as const).map((divergence) => ({
    divergence,
    file: golden(`${divergence}_gauss_softmax_0`),
  }));
  test.skipIf(!divergences[0].file).each(divergences)(
    'PyTorch golden $divergence divergence',
    async ({ divergence, file }) => {
      const device = await sharedDevice();
      const { in_x, target, out, grad_x } = (file as Golden).tensors;
      const image = nchwToNhwc(in_x);
      const [, height, width] = image.shape;
      const logits = device.tensor(image.values, image.shape);
      const { regularizer } = keypointLoss(logits, device.tensor(target.data, target.shape), {
        // σ = 0.15 in normalized units, in which a cell is 2/n wide.
        sigma: [(0.15 * height) / 2, (0.15 * width) / 2],
        grid: 'pixel-centre',
        reduction: 'mean',
        divergence,
        normalized: true,
      });
      const [gradient] = gradients(regularizer, [logits]);
      expectClose(await regularizer.data(), out.data, 32);
      expectClose(await gradient.data(), nchwToNhwc(grad_x).values, 64, 'gradient');
    },
  );

  const mse = golden('dsnt_mse_0');
  test.skipIf(!mse)('PyTorch golden dsnt_mse_0: its mean over x and y is half the mean squared distance', async () => {
    const device = await sharedDevice();
    const { in_x, target, out, grad_x } = (mse as Golden).tensors;
    const image = nchwToNhwc(in_x);
    const logits = device.tensor(image.values, image.shape);
    const { euclidean } = keypointLoss(logits, device.tensor(target.data, target.shape), { grid: 'pixel-centre' });
    const [gradient] = gradients(euclidean, [logits]);
    expectClose([(await euclidean.item()) / 2], out.data, 32);
    expectClose(
      (await gradient.data()).map((value) => value / 2),
      nchwToNhwc(grad_x).values,
      64,
    );
  });

  const model = golden<Golden & { steps: { loss: number; euclidean: number; regularisation: number }[] }>(
    'model_dsnt_deep_unet_base2_256x256',
  );
  test.skipIf(!model)('PyTorch golden model: the parts of the first loss, in a compiled step', async () => {
    const device = await sharedDevice();
    const { tensors, steps } = model as NonNullable<typeof model>;
    const image = nchwToNhwc(tensors.logits);
    const points = tensors.points_unit;
    const targets = points.data.map((unit) => 2 * unit - 1);
    const step = compile((logits: Tensor, target: Tensor) => keypointLoss(logits, target));
    const loss = await step(device.tensor(image.values, image.shape), device.tensor(targets, points.shape));
    const [first] = steps;
    expectClose([await loss.total.item()], [first.loss], 64, 'total');
    expectClose([await loss.euclidean.item()], [first.euclidean], 64, 'euclidean');
    expectClose([await loss.regularizer.item()], [first.regularisation], 64, 'regularizer');
    expectClose(await loss.coordinates.data(), tensors.coordinates.data, 64, 'coordinates');
  });

  test('refuses options that there are not, with the nearest right one, and values that are none', async () => {
    const device = await sharedDevice();
    const [logits, targets] = [device.zeros([2, 4, 4, 3]), device.zeros([2, 3, 2])];
    const call = (options: object) => () => keypointLoss(logits, targets, options);
    expect(call({ lamda: 2 })).toThrow('keypointLoss: there is no option lamda; did you mean lambda?');
    expect(call({ reduction: 'sum' })).toThrow("keypointLoss: got 'sum' for reduction; give 'sum-per-image' or 'mean'");
    expect(() => heatmapLoss(logits, targets, { sigma: -1 })).toThrow('heatmapLoss: got -1 for sigma; give a positive');
  });

  test('refuses targets of other images, and Jensen–Shannon without distributions', async () => {
    const device = await sharedDevice();
    const logits = device.zeros([2, 4, 4, 3]);
    expect(() => keypointLoss(logits, device.zeros([1, 3, 2]))).toThrow(/got 2×4×4×3 and 1×3×2/);
    expect(() => keypointLoss(logits, device.zeros([2, 3, 2]), { divergence: 'js' })).toThrow(/normalized: true/);
  });
});

describe('heatmapLoss', () => {
  test('is the mean squared difference from Gaussians of peak 1: value, and gradient by the heatmaps', async () => {
    await checkOperation({
      cases: fc.tuple(shapes(2, 3), shapes(2, 6)).map(
        ([[images, points], [rows, columns]]): Case<null> => ({
          inputs: [{ shape: [images, rows + 1, columns + 1, points] }, { shape: [images, points, 2] }],
          attributes: null,
        }),
      ),
      run: ([heatmaps, targets]) => heatmapLoss(heatmaps, targets),
      reference: ([heatmaps, targets]) => {
        const [images, height, width, points] = heatmaps.shape;
        const gaussians = gaussianHeatmapReference(targets.values, [images, points], {
          size: [height, width],
          sigma: [2, 2],
          grid: 'linspace',
        });
        const squared = heatmaps.values.map((value, i) => (value - gaussians[i]) ** 2);
        return { shape: [], values: Float64Array.of(squared.reduce((a, b) => a + b) / squared.length) };
      },
      differentiable: [0],
      roundings: () => 64,
    });
  });
});
