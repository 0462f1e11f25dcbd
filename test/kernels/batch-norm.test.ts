import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  add,
  batchNorm,
  compile,
  gradients,
  mul,
  relu,
  ShapeError,
  square,
  sum,
  type Tensor,
} from '../../src/index.js';
import {
  batchNormReference,
  batchStatisticsReference,
  normalizeReference,
  runningReference,
} from '../../src/kernels/batch-norm/reference.js';
import { type Case, checkOperation, expectClose, propertyParameters } from '../support/check-operation.js';
import { sharedDevice } from '../support/device.js';
import { golden, nchwToNhwc } from '../support/golden.js';

/** Shapes [..., C] of rank 2 to 4 with at least 4 rows, in channel counts that are and are not multiples of 4. */
const inputShapes = fc
  .tuple(
    fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 0, maxLength: 2 }),
    fc.integer({ min: 4, max: 9 }),
    fc.constantFrom(1, 2, 3, 4, 5, 8, 12),
  )
  .map(([outer, rows, channels]) => [...outer, rows, channels]);

const channelsOf = (shape: readonly number[]) => [shape[shape.length - 1]];

describe('batchNorm', () => {
  test.each([
    ['small shapes', inputShapes, 2, undefined],
    ['many rows, whose parts a workgroup joins on GPUs', fc.constantFrom<number[]>([515, 4], [530, 1]), 0.25, 'm1'],
  ] as const)('training, %s: values and gradients by x, weight and bias', async (_, shapes, effort, persona) => {
    await checkOperation({
      cases: shapes.map(
        (shape): Case<null> => ({
          inputs: [{ shape }, { shape: channelsOf(shape) }, { shape: channelsOf(shape) }],
          attributes: null,
        }),
      ),
      run: ([x, weight, bias]) => batchNorm(x, { weight, bias, training: true }),
      reference: ([x, weight, bias]) => ({
        shape: x.shape,
        values: batchNormReference(x.values, weight.values, bias.values),
      }),
      roundings: () => 64,
      ...(persona === undefined ? { secondRoundings: 2048 } : {}),
      effort,
      persona,
    });
  });

  test('inference: values and gradients by x, weight and bias', async () => {
    await checkOperation({
      cases: inputShapes.map((shape): Case<null> => {
        const channel = channelsOf(shape);
        return {
          inputs: [
            { shape },
            { shape: channel },
            { shape: channel },
            { shape: channel },
            { shape: channel, values: 'positive' },
          ],
          attributes: null,
        };
      }),
      run: ([x, weight, bias, runningMean, runningVar]) =>
        batchNorm(x, { weight, bias, runningMean, runningVar, training: false, eps: 1e-3 }),
      reference: ([x, weight, bias, mean, variance]) => ({
        shape: x.shape,
        values: normalizeReference(
          x.values,
          { weight: weight.values, bias: bias.values, mean: mean.values, variance: variance.values },
          { eps: 1e-3 },
        ),
      }),
      differentiable: [0, 1, 2],
      roundings: () => 64,
      secondRoundings: 512,
      effort: 2,
    });
  });

  test.each([true, false])(
    'the fused ReLU equals a ReLU afterwards, forward, backward and in second derivatives (training: %s)',
    async (training) => {
      const device = await sharedDevice();
      await fc.assert(
        fc.asyncProperty(inputShapes, fc.nat(), async (shape, seed) => {
          const channel = channelsOf(shape);
          const [x, upstream] = [device.randn(shape, seed), device.randn(shape, seed + 1)];
          const [weight, bias, runningMean] = [2, 3, 4].map((offset) => device.randn(channel, seed + offset));
          const runningVar = device.full(channel, 0.7);
          const options = { weight, bias, runningMean, runningVar, training };
          const results: Float32Array[][] = [];
          for (const run of [
            () => batchNorm(x, { ...options, activation: 'relu' }),
            () => relu(batchNorm(x, options)),
          ]) {
            const y = run();
            const derivatives = gradients(sum(mul(y, upstream)), [x, weight, bias]);
            const values: Float32Array[] = [];
            const along = mul(square(derivatives[0]), upstream);
            const seconds = gradients(add(sum(along), sum(square(derivatives[1]))), [x, weight]);
            for (const tensor of [y, ...derivatives, ...seconds]) values.push(await tensor.data());
            results.push(values);
          }
          const [fused, composed] = results;
          expect(fused[0].some((value) => value > 0)).toBe(composed[0].some((value) => value > 0));
          for (const [i, values] of fused.entries()) expectClose(values, composed[i], i < 4 ? 2 : 256);
        }),
        propertyParameters(),
      );
    },
  );

  test.each([
    [3, 8],
    [1000, 3],
    [777, 20],
  ])('statistics of %i rows by %i channels are as accurate far from zero as near it', async (rows, channels) => {
    const device = await sharedDevice();
    // Multiples of 1/64 around 1000 are exact in float32, so any error is the kernel's own.
    const values = Float64Array.from({ length: rows * channels }, (_, i) => 1000 + ((i * 7919) % 257) / 64);
    const runningMean = device.zeros([channels]);
    const runningVar = device.zeros([channels]);
    const y = batchNorm(device.tensor(values, [rows, channels]), {
      weight: device.ones([channels]),
      bias: device.zeros([channels]),
      runningMean,
      runningVar,
      training: true,
      momentum: 1,
    });
    const { mean, variance } = batchStatisticsReference(values, channels);
    expectClose(await runningMean.data(), mean, 4, 'mean');
    expectClose(
      await runningVar.data(),
      variance.map((v) => (v * rows) / (rows - 1)),
      256,
      'variance',
    );
    // The mean itself is only known to a rounding of 1000, which the deviation of about 1 magnifies.
    expectClose(
      await y.data(),
      batchNormReference(values, new Float64Array(channels).fill(1), new Float64Array(channels)),
      2000,
    );
  });

  test('running statistics move with each call of a compiled step', async () => {
    const device = await sharedDevice();
    const shape = [5, 3, 4];
    const [runningMean, runningVar] = [device.full([4], 0.5), device.full([4], 2)];
    const [weight, bias] = [device.ones([4]), device.zeros([4])];
    const step = compile((x: Tensor) =>
      batchNorm(x, { weight, bias, runningMean, runningVar, training: true, momentum: 0.3 }),
    );
    let expected: ReturnType<typeof runningReference> = {
      mean: new Float64Array(4).fill(0.5),
      variance: new Float64Array(4).fill(2),
    };
    for (const seed of [1, 2, 3]) {
      const x = device.randn(shape, seed);
      const values = await x.data();
      await step(x);
      expected = runningReference(expected, batchStatisticsReference(values, 4), 15, 0.3);
      expectClose(await runningMean.data(), expected.mean, 16, `mean after step ${seed}`);
      expectClose(await runningVar.data(), expected.variance, 16, `variance after step ${seed}`);
    }
  });

  const modes = ['train', 'eval'].map((mode) => ({ mode, file: golden(`batch_norm_0_${mode}`) }));
  test.skipIf(!modes[0].file).each(modes)('PyTorch golden batch_norm_0_$mode', async ({ mode, file }) => {
    const device = await sharedDevice();
    const tensors = file?.tensors ?? {};
    const image = (name: string) => nchwToNhwc(tensors[name]);
    const channel = (name: string) => device.tensor(tensors[name].data, tensors[name].shape);
    const x = device.tensor(image('in_x').values, image('in_x').shape);
    const upstream = device.tensor(image('cotangent').values, image('cotangent').shape);
    const [weight, bias] = [channel('in_weight'), channel('in_bias')];
    const [runningMean, runningVar] = [channel('running_mean_before'), channel('running_var_before')];
    const y = batchNorm(x, { weight, bias, runningMean, runningVar, training: mode === 'train' });
    const derivatives = gradients(sum(mul(y, upstream)), [x, weight, bias]);
    expectClose(await y.data(), image('out').values, 32, 'out');
    expectClose(await derivatives[0].data(), image('grad_x').values, 64, 'grad_x');
    expectClose(await derivatives[1].data(), tensors.grad_weight.data, 64, 'grad_weight');
    expectClose(await derivatives[2].data(), tensors.grad_bias.data, 64, 'grad_bias');
    expectClose(await runningMean.data(), tensors.running_mean_after.data, 16, 'running mean');
    expectClose(await runningVar.data(), tensors.running_var_after.data, 16, 'running variance');
  });

  test('refuses what it cannot normalize, by name and number', async () => {
    const device = await sharedDevice();
    const [weight, bias] = [device.ones([3]), device.zeros([3])];
    const training = (shape: number[]) => () => batchNorm(device.ones(shape), { weight, bias, training: true });
    expect(training([1, 1, 1, 3])).toThrow(/more than 1 value per channel, x is 1×1×1×3/);
    expect(training([2, 4])).toThrow(/weight is 3, x has 4 channels/);
    expect(training([3])).toThrow(/needs a batch axis and a channel axis/);
    expect(() => batchNorm(device.ones([2, 3]), { weight, bias, training: false })).toThrow(ShapeError);
    expect(() => batchNorm(device.ones([2, 3]), { weight, bias, runningMean: bias, training: true })).toThrow(
      /come together/,
    );
  });
});
