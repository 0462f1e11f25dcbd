import { afterEach, describe, expect, test, vi } from 'vitest';
import {
  batchNorm,
  type Compiled,
  cast,
  compile,
  conv2d,
  gradients,
  mul,
  relu,
  type Shape,
  sum,
  type Tensor,
} from '../../src/index.js';
import { batchNormReference, batchStatisticsReference } from '../../src/kernels/batch-norm/reference.js';
import type { Conv2dOptions } from '../../src/kernels/conv2d/conv2d.js';
import { conv2dReference } from '../../src/kernels/conv2d/reference.js';
import { expectClose } from '../support/check-operation.js';
import { sharedDevice, withTraits } from '../support/device.js';

// In compiled functions a tiled convolution takes the first pass of the batch norm behind it along, or its ReLU.
// Reading without compiling runs every operation by itself: the two have to agree.

// Tiled kernels compile for seconds on a software driver, for minutes where others keep it busy.
vi.setConfig({ testTimeout: 600_000 });

const device = await sharedDevice();
let restore = () => {};
afterEach(() => restore());

/** Values that both types hold, all different. */
function values(shape: Shape, seed: number, shift = 0): Float32Array {
  const size = shape.reduce((a, b) => a * b, 1);
  return Float32Array.from({ length: size }, (_, i) => shift + (((i * 389 + seed * 97) % 2039) - 1019) / 512);
}

async function labelsOf(run: Compiled<[], Tensor[]>): Promise<string[]> {
  const { dispatches = [] } = await run.profile();
  return dispatches.map(({ label }) => label);
}

describe('statistics of batch norm on the way out of a convolution', () => {
  const cases: [what: string, dtype: 'f32' | 'f16', shape: number[], outC: number, options: Conv2dOptions][] = [
    ['f32, several tiles of which the last is partial', 'f32', [2, 9, 13, 8], 72, { variant: 'tiled', padding: 1 }],
    ['f16, groups of channels that make no vec4', 'f16', [1, 9, 11, 6], 15, { variant: 'tiled', groups: 3 }],
  ];

  test.skipIf(!device.traits.f16).each(cases)('%s', async (_, dtype, shape, outC, options) => {
    // A mean far from 0 is what E[x²] − E[x]² would lose half of its digits to.
    const shift = dtype === 'f32' ? 1000 : 8;
    const groupIn = shape[3] / (options.groups ?? 1);
    const [x, weight] = [values(shape, 1), values([outC, 3, 3, groupIn], 2)];
    const bias = values([outC], 4, shift);
    const [scale, offset] = [values([outC], 5), values([outC], 6)];
    const tx = device.tensor(x, shape, dtype);
    const [tw, tb, ts, to] = [
      device.tensor(weight, [outC, 3, 3, groupIn]),
      ...[bias, scale, offset].map((v) => device.tensor(v)),
    ];
    const runningMean = device.zeros([outC]);
    const runningVar = device.ones([outC]);
    const body = () => {
      const image = conv2d(tx, tw, { ...options, bias: tb });
      const y = batchNorm(image, {
        weight: ts,
        bias: to,
        runningMean,
        runningVar,
        training: true,
        momentum: 1,
        activation: 'relu',
      });
      const loss = sum(mul(cast(y, 'f32'), device.tensor(values(y.shape, 3), y.shape)));
      return [image, y, ...gradients(loss, [ts])];
    };
    const run = compile(body, { device });
    const labels = await labelsOf(run);
    expect(labels).toContain('batchNorm.combineStatistics');
    expect(labels).not.toContain('batchNorm.statistics');

    const fused = await Promise.all((await run()).map((tensor) => tensor.data()));
    const moments = [await runningMean.data(), await runningVar.data()];
    // Alone, one after the other.
    const separate = await Promise.all(body().map((tensor) => tensor.data()));
    expect(fused[0], 'the convolution').toEqual(separate[0]);
    const roundings = dtype === 'f16' ? 2 ** 14 : 200;
    for (const [i, actual] of fused.entries())
      expectClose(actual, Float64Array.from(separate[i]), roundings, `result ${i}`);

    // Against the mathematics, of the values as they are stored.
    const rows = fused[0].length / outC;
    const expected = batchStatisticsReference(fused[0], outC);
    expectClose(moments[0], expected.mean, 4, 'mean');
    for (const [c, variance] of expected.variance.entries()) {
      const unbiased = (variance * rows) / (rows - 1);
      expect(Math.abs(moments[1][c] / unbiased - 1), `variance of channel ${c}`).toBeLessThan(4e-6);
    }
    expectClose(fused[1], batchNormReference(fused[0], scale, offset, { relu: true }), dtype === 'f16' ? 2 ** 13 : 400);
    expect(await Promise.all((await run()).map((tensor) => tensor.data())), 'again').toEqual(fused);
    run.dispose();
  });

  test('is made of many tiles by many lanes as on a GPU', async () => {
    restore = withTraits(device, { software: false });
    const shape = [1, 368, 360, 4];
    const tx = device.tensor(values(shape, 1), shape);
    const tw = device.tensor(values([4, 1, 1, 4], 2), [4, 1, 1, 4]);
    const runningMean = device.zeros([4]);
    const runningVar = device.ones([4]);
    const ones = device.ones([4]);
    const run = compile(
      () => {
        const image = conv2d(tx, tw, { variant: 'tiled' });
        return [
          image,
          batchNorm(image, { weight: ones, bias: ones, runningMean, runningVar, training: true, momentum: 1 }),
        ];
      },
      { device },
    );
    expect(await labelsOf(run)).not.toContain('batchNorm.statistics');
    const [image] = await run();
    const expected = batchStatisticsReference(await image.data(), 4);
    const rows = image.size / 4;
    expect(rows / 64).toBeGreaterThan(2048);
    expectClose(await runningMean.data(), expected.mean, 4, 'mean', 1);
    expectClose(
      await runningVar.data(),
      expected.variance.map((v) => (v * rows) / (rows - 1)),
      16,
      'variance',
    );
    run.dispose();
  });

  test('has to wait where K is cut into splits', async () => {
    const tx = device.tensor(values([1, 4, 4, 128], 1), [1, 4, 4, 128]);
    const tw = device.tensor(values([8, 3, 3, 128], 2), [8, 3, 3, 128]);
    const ones = device.ones([8]);
    const body = () => [
      batchNorm(conv2d(tx, tw, { variant: 'tiled' }), { weight: ones, bias: ones, training: true }),
      relu(conv2d(tx, tw, { variant: 'tiled', padding: 1 })),
    ];
    const run = compile(body, { device });
    const labels = await labelsOf(run);
    expect(labels).toEqual(expect.arrayContaining(['conv2d.sum', 'batchNorm.statistics']));
    expect(labels).not.toContain('relu');
    const [fused, separate] = [await run(), body()];
    expect(await fused[0].data()).toEqual(await separate[0].data());
    expect(await fused[1].data()).toEqual(await separate[1].data());
    run.dispose();
  });

  test('is left to batch norm by the kernels for software drivers', async () => {
    const tx = device.tensor(values([1, 8, 8, 4], 1), [1, 8, 8, 4]);
    const tw = device.tensor(values([4, 3, 3, 4], 2), [4, 3, 3, 4]);
    const ones = device.ones([4]);
    const run = compile(() => [batchNorm(conv2d(tx, tw), { weight: ones, bias: ones, training: true })], { device });
    expect((await labelsOf(run)).includes('batchNorm.statistics')).toBe(device.traits.software);
    run.dispose();
  });
});

describe('ReLU on the way out of a convolution', () => {
  const tx = device.tensor(values([1, 6, 7, 3], 1), [1, 6, 7, 3]);
  const weight = { shape: [6, 3, 3, 3], values: Float64Array.from(values([6, 3, 3, 3], 2)) };
  const tw = device.tensor(weight.values, weight.shape);
  const geometry = { stride: [1, 1], padding: [1, 1], dilation: [1, 1], groups: 1 } as const;
  const convolve = () => conv2d(tx, tw, { padding: 1, variant: 'tiled' });

  test('is one dispatch', async () => {
    const run = compile(() => [relu(convolve())], { device });
    expect(await labelsOf(run)).toEqual(['conv2d']);
    const image = { shape: tx.shape, values: Float64Array.from(await tx.data()) };
    const expected = conv2dReference(image, weight, geometry).values.map((value) => Math.max(value, 0));
    expectClose(await (await run())[0].data(), expected, 40);
    run.dispose();
  });

  test('stays apart where something else reads the convolution', async () => {
    const run = compile(
      () => {
        const y = convolve();
        return [relu(y), y];
      },
      { device },
    );
    expect(await labelsOf(run)).toEqual(['conv2d', 'relu']);
    const [positive, all] = await Promise.all((await run()).map((tensor) => tensor.data()));
    expect(Math.min(...all)).toBeLessThan(0);
    expect(positive).toEqual(all.map((value) => Math.max(value, 0)));
    run.dispose();
  });
});
