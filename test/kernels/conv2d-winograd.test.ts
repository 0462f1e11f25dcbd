import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ShapeError } from '../../src/engine/errors.js';
import type { AdapterTraits } from '../../src/engine/operation.js';
import type { Shape } from '../../src/engine/shape.js';
import { compile, gradients, mul, record, sum, type Tensor } from '../../src/index.js';
import {
  conv2d,
  conv2dOperation,
  convInputGradientOperation,
  convWeightGradient,
  convWeightGradientOperation,
  type InputGradientAttributes,
  type WeightGradientAttributes,
} from '../../src/kernels/conv2d/conv2d.js';
import { type ConvAttributes, convOutputShape, type Pair } from '../../src/kernels/conv2d/geometry.js';
import {
  conv2dReference,
  convInputGradientReference,
  convWeightGradientReference,
} from '../../src/kernels/conv2d/reference.js';
import { checkOperation, expectClose } from '../support/check-operation.js';
import { sharedDevice } from '../support/device.js';
import { golden, nchwToNhwc } from '../support/golden.js';

const one: Pair = [1, 1];
const unpadded = { stride: one, padding: [0, 0] as Pair, dilation: one, groups: 1 };
const padded = { ...unpadded, padding: one };
const forced = { ...padded, variant: 'winograd' } as const;

// Up to three tiles each way, every number of rows and columns in the last one, and channels even and odd.
const convolutions = fc
  .record({
    batch: fc.integer({ min: 1, max: 2 }),
    size: fc.tuple(fc.integer({ min: 1, max: 10 }), fc.integer({ min: 1, max: 10 })),
    padding: fc.tuple(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 3 })),
    inC: fc.integer({ min: 1, max: 5 }),
    outC: fc.integer({ min: 1, max: 5 }),
    biased: fc.boolean(),
  })
  .filter(({ size, padding }) => [0, 1].every((axis) => size[axis] + 2 * padding[axis] >= 3))
  .map(({ batch, size, padding, inC, outC, biased }) => ({
    x: [batch, ...size, inC],
    weight: [outC, 3, 3, inC],
    biased,
    attributes: { ...forced, padding },
  }));

// Twice what the direct kernels are allowed.
const roundings = ({ inputs }: { inputs: readonly { shape: Shape }[] }) =>
  16 + 4 * Math.sqrt(Math.max(...inputs.map(({ shape }) => shape.reduce((a, b) => a * b, 1))));

function values(shape: Shape, seed: number) {
  const size = shape.reduce((a, b) => a * b, 1);
  return { shape, values: Float64Array.from({ length: size }, (_, i) => Math.fround(Math.sin(i * i * 0.37 + seed))) };
}

async function upload(...references: readonly { shape: Shape; values: Float64Array }[]): Promise<Tensor[]> {
  const device = await sharedDevice();
  return references.map(({ shape, values: v }) => device.tensor(Float32Array.from(v), shape));
}

/** Relative to the largest expected value. */
function largestError(actual: Float32Array, expected: Float64Array): number {
  const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return actual.reduce((most, value, i) => Math.max(most, Math.abs(value - expected[i])), 0) / largest;
}

describe('conv2d by Winograd', () => {
  test('forward, and the gradients by x, weight and bias', () =>
    checkOperation<ConvAttributes>({
      cases: convolutions.map(({ x, weight, biased, attributes }) => ({
        inputs: [{ shape: x }, { shape: weight }, ...(biased ? [{ shape: [weight[0]] }] : [])],
        attributes,
      })),
      run: ([x, weight, bias], attributes) => conv2d(x, weight, { bias, ...attributes }),
      reference: ([x, weight, bias], attributes) => conv2dReference(x, weight, attributes, bias),
      roundings,
      effort: 2,
    }));

  test('the gradient by x, with a bias a transposed convolution, is itself an operation with gradients', () =>
    checkOperation<InputGradientAttributes>({
      cases: convolutions.map(({ x, weight, biased, attributes }) => ({
        inputs: [
          { shape: convOutputShape('test', x, weight, attributes) },
          { shape: weight },
          ...(biased ? [{ shape: [x[3]] }] : []),
        ],
        attributes: { ...attributes, inputSize: [x[1], x[2]] },
      })),
      run: ([dy, weight, bias], attributes) =>
        record(convInputGradientOperation, bias ? [dy, weight, bias] : [dy, weight], attributes)[0],
      reference: ([dy, weight, bias], attributes) => {
        const shape = [dy.shape[0], ...attributes.inputSize, weight.shape[3]];
        const gx = convInputGradientReference(dy, weight, attributes, shape);
        return bias ? { shape, values: gx.values.map((v, i) => v + bias.values[i % bias.values.length]) } : gx;
      },
      roundings,
    }));

  test('the gradient by the weight is itself an operation with gradients', () =>
    checkOperation<WeightGradientAttributes>({
      cases: convolutions.map(({ x, weight, attributes }) => ({
        inputs: [{ shape: x }, { shape: convOutputShape('test', x, weight, attributes) }],
        attributes: { ...attributes, kernelSize: [3, 3] },
      })),
      run: ([x, dy], attributes) => convWeightGradient(x, dy, attributes),
      reference: ([x, dy], attributes) =>
        convWeightGradientReference(x, dy, attributes, [dy.shape[3], 3, 3, x.shape[3]]),
      roundings,
    }));

  // The second needs more memory for its tiles than is used at a time: it goes in two turns, and 255 tiles do not
  // halve.
  test.each<[xShape: Shape, weightShape: Shape, turns: number]>([
    [[2, 19, 21, 20], [36, 3, 3, 20], 1],
    [[1, 60, 66, 512], [1, 3, 3, 512], 2],
  ])('large: %j with %j in %i turns, gradients too', async (xShape, weightShape, turns) => {
    const dyShape = convOutputShape('test', xShape, weightShape, forced);
    const [x, weight, dy] = [values(xShape, 1), values(weightShape, 2), values(dyShape, 3)];
    const tensors = await upload(x, weight, dy);
    const run = compile((tx: Tensor, tw: Tensor, tdy: Tensor) => {
      const y = conv2d(tx, tw, forced);
      return [y, ...gradients(sum(mul(y, tdy)), [tx, tw])];
    });
    const results = await run(...(tensors as [Tensor, Tensor, Tensor]));
    const [y, gx, gw] = await Promise.all(results.map((tensor) => tensor.data()));
    expectClose(y, conv2dReference(x, weight, forced).values, 120);
    expectClose(gx, convInputGradientReference(dy, weight, forced, xShape).values, 120, 'gradient by x');
    expectClose(gw, convWeightGradientReference(x, dy, forced, weightShape).values, 120, 'gradient by weight');
    const { dispatches = [] } = await run.profile(...(tensors as [Tensor, Tensor, Tensor]));
    const count = (label: string) => dispatches.filter((dispatch) => dispatch.label === label).length;
    const passes = (label: string, ...transforms: string[]) =>
      ['.input', '', ...transforms].map((pass) => count(`${label}.winograd${pass}`));
    expect(passes('conv2d', '.output', '.weight')).toEqual([turns, turns, turns, 1]);
    expect(passes('backward conv2d.inputGradient', '.output', '.weight')).toEqual([turns, turns, turns, 1]);
    expect(passes('backward conv2d.weightGradient', '.cotangent', '.taps')).toEqual([turns, turns, turns, turns]);
    run.dispose();
    for (const tensor of [...tensors, ...results]) tensor.dispose();
  });

  test('rounds to a few millionths of the largest', async () => {
    const [x, weight] = [values([1, 12, 12, 256], 1), values([16, 3, 3, 256], 2)];
    const [tx, tw] = await upload(x, weight);
    const y = await conv2d(tx, tw, { padding: 1, variant: 'winograd' }).data();
    expect(largestError(y, conv2dReference(x, weight, padded).values)).toBeLessThan(4e-6);
  });

  test('rounds a weight gradient to a few millionths of the largest', async () => {
    const [x, dy] = [values([1, 32, 32, 64], 1), values([1, 32, 32, 16], 2)];
    const [tx, tdy] = await upload(x, dy);
    const expected = convWeightGradientReference(x, dy, padded, [16, 3, 3, 64]).values;
    const gw = await convWeightGradient(tx, tdy, { ...forced, kernelSize: [3, 3] }).data();
    expect(largestError(gw, expected)).toBeLessThan(3e-6);
  });

  const published = golden('conv2d_0');
  test.skipIf(!published)("PyTorch's values: conv2d_0", async () => {
    if (!published) return;
    const device = await sharedDevice();
    const { tensors, params } = published;
    const images = (key: string) => nchwToNhwc(tensors[key]);
    const [x, weight, cotangent] = ['in_x', 'in_weight', 'cotangent'].map((key) =>
      device.tensor(images(key).values, images(key).shape),
    );
    const bias = device.tensor(Float32Array.from(tensors.in_bias.data), tensors.in_bias.shape);
    const y = conv2d(x, weight, { ...(params as object), bias, variant: 'winograd' });
    const [gx, gw] = gradients(sum(mul(y, cotangent)), [x, weight]);
    expectClose(await y.data(), images('out').values, 30);
    expectClose(await gx.data(), images('grad_x').values, 30, 'gradient by x');
    expectClose(await gw.data(), images('grad_weight').values, 30, 'gradient by weight');
  });
});

describe('Winograd among the kernels of a convolution', () => {
  const software: AdapterTraits = { software: true, subgroups: true, subgroupSize: 8, f16: false };
  const gpu: AdapterTraits = { software: false, subgroups: true, subgroupSize: 32, f16: true };
  const variants = (x: Shape, weight: Shape, attributes: ConvAttributes, adapter = software) =>
    conv2dOperation.variants?.(
      [x, weight].map((shape) => ({ shape, dtype: 'f32' })),
      attributes,
      adapter,
    );

  test('is the default on software drivers, and one to be measured on GPUs', () => {
    const [x, weight] = [
      [1, 128, 128, 64],
      [32, 3, 3, 64],
    ];
    expect(variants(x, weight, padded)).toEqual(['winograd', 'lanes', 'tiled']);
    expect(variants(x, weight, padded, gpu)).toEqual(['tiled', 'winograd']);
    const gradient = [[1, 128, 128, 32], weight].map((shape) => ({ shape, dtype: 'f32' as const }));
    expect(convInputGradientOperation.variants?.(gradient, { ...padded, inputSize: [128, 128] }, gpu)).toEqual([
      'tiled',
      'winograd',
    ]);
  });

  test('is not the default for a few tiles, nor for so little work that it would not be worth compiling', () => {
    expect(variants([1, 16, 16, 512], [512, 3, 3, 512], padded)?.[0]).toBe('winograd');
    expect(variants([1, 12, 12, 512], [512, 3, 3, 512], padded)).toEqual(['lanes', 'tiled', 'winograd']);
    expect(variants([8, 64, 64, 32], [32, 3, 3, 32], padded)?.[0]).toBe('winograd');
    expect(variants([1, 64, 64, 32], [32, 3, 3, 32], padded)).toEqual(['lanes', 'tiled', 'winograd']);
  });

  test('of a weight gradient is the default where there are tiles enough to sum over', () => {
    const ofGradient = (size: number, channels: readonly [number, number], adapter = software) =>
      convWeightGradientOperation.variants?.(
        channels.map((inC) => ({ shape: [1, size, size, inC], dtype: 'f32' })),
        { ...padded, kernelSize: [3, 3] },
        adapter,
      );
    expect(ofGradient(16, [512, 256])).toEqual(['winograd', 'lanes', 'tiled']);
    expect(ofGradient(12, [512, 512])).toEqual(['lanes', 'tiled', 'winograd']);
    expect(ofGradient(16, [64, 64])).toEqual(['lanes', 'tiled', 'winograd']);
    expect(ofGradient(128, [64, 31])).toEqual(['lanes', 'tiled']);
    expect(ofGradient(128, [64, 64], gpu)).toEqual(['tiled', 'winograd']);
  });

  test.each<[why: string, weight: Shape, attributes: ConvAttributes]>([
    ['a stride of 2', [64, 3, 3, 64], { ...padded, stride: [1, 2] }],
    ['a dilation of 2', [64, 3, 3, 64], { ...padded, dilation: [2, 1] }],
    ['groups', [64, 3, 3, 32], { ...padded, groups: 2 }],
    ['a kernel of 1×3', [64, 1, 3, 64], padded],
    ['few channels', [31, 3, 3, 64], padded],
    ['a weight that would not bind once transformed', [16384, 3, 3, 64], padded],
  ])('is none for %s', (_why, weight, attributes) => {
    expect(variants([1, 64, 64, 64], weight, attributes)).toEqual(['lanes', 'tiled']);
  });

  test('is refused where it cannot be, with the numbers and the remedy', async () => {
    const device = await sharedDevice();
    const x = device.zeros([1, 8, 8, 4]);
    const ask = (weight: Shape, options: object) => () =>
      conv2d(x, device.zeros(weight), { ...options, variant: 'winograd' });
    expect(ask([4, 3, 3, 4], { stride: 2 })).toThrow(ShapeError);
    expect(ask([4, 3, 3, 4], { stride: 2 })).toThrow(
      /kernel is 3×3, stride 2×2, .*; use another variant, or name none/,
    );
    expect(ask([4, 5, 5, 4], {})).toThrow(/kernel is 5×5/);
    expect(ask([4, 3, 3, 2], { groups: 2 })).toThrow(/groups 2/);
    expect(ask([300_000, 3, 3, 4], {})).toThrow(/takes 172800000 bytes .* 300000×3×3×4, more than the 134217728/);
  });
});
