import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ShapeError } from '../../src/engine/errors.js';
import { type Shape, sizeOf } from '../../src/engine/shape.js';
import { cast, compile, gradients, mul, sum } from '../../src/index.js';
import {
  conv2d,
  convInputGradient,
  convWeightGradient,
  type InputGradientAttributes,
  type WeightGradientAttributes,
} from '../../src/kernels/conv2d/conv2d.js';
import {
  type ConvAttributes,
  type ConvGeometry,
  convOutputShape,
  type Pair,
} from '../../src/kernels/conv2d/geometry.js';
import {
  conv2dReference,
  convInputGradientReference,
  convWeightGradientReference,
} from '../../src/kernels/conv2d/reference.js';
import type { KernelVariant } from '../../src/kernels/implicit-gemm/variants.js';
import { checkOperation, expectClose } from '../support/check-operation.js';
import { offered, sharedDevice } from '../support/device.js';
import { golden, nchwToNhwc } from '../support/golden.js';

interface Drawn {
  readonly x: Shape;
  readonly weight: Shape;
  readonly dy: Shape;
  readonly attributes: ConvGeometry & { readonly variant: KernelVariant };
}

const pair = (min: number, max: number) => fc.tuple(fc.integer({ min, max }), fc.integer({ min, max }));
// On either side of each tile width and of the vector width.
const channels = fc.constantFrom(1, 2, 3, 4, 5, 8, 12);

/** Random convolutions, kept only where the kernel fits the padded image. */
function convolutions(variant: KernelVariant): fc.Arbitrary<Drawn> {
  return fc
    .record({
      image: fc.tuple(fc.integer({ min: 1, max: 2 }), fc.integer({ min: 1, max: 7 }), fc.integer({ min: 1, max: 7 })),
      kernel: pair(1, 4),
      stride: pair(1, 3),
      padding: pair(0, 2),
      dilation: pair(1, 2),
      groups: fc.constantFrom(1, 1, 2, 3),
      groupIn: channels,
      groupOut: channels,
    })
    .filter(({ image, kernel, padding, dilation }) =>
      [0, 1].every((a) => image[1 + a] + 2 * padding[a] >= dilation[a] * (kernel[a] - 1) + 1),
    )
    .map(({ image, kernel, stride, padding, dilation, groups, groupIn, groupOut }) => {
      const x = [...image, groups * groupIn];
      const weight = [groups * groupOut, ...kernel, groupIn];
      const attributes = { stride, padding, dilation, groups, variant };
      return { x, weight, dy: convOutputShape('test', x, weight, attributes), attributes };
    });
}

const terms = ({ inputs }: { inputs: readonly { shape: Shape }[] }) =>
  8 + 2 * Math.sqrt(Math.max(...inputs.map(({ shape }) => shape.reduce((a, b) => a * b, 1))));

describe.each<KernelVariant>(await offered('lanes', 'tiled'))('conv2d on %s', (variant) => {
  test('forward, and the gradients by x, weight and bias', () =>
    checkOperation<ConvAttributes>({
      cases: fc.tuple(convolutions(variant), fc.boolean()).map(([{ x, weight, attributes }, biased]) => ({
        inputs: [{ shape: x }, { shape: weight }, ...(biased ? [{ shape: [weight[0]] }] : [])],
        attributes,
      })),
      run: ([x, weight, bias], attributes) => conv2d(x, weight, { bias, ...attributes }),
      reference: ([x, weight, bias], attributes) => conv2dReference(x, weight, attributes, bias),
      roundings: terms,
    }));

  test('the gradient by x is itself an operation with gradients', () =>
    checkOperation<InputGradientAttributes>({
      cases: convolutions(variant).map(({ x, weight, dy, attributes }) => ({
        inputs: [{ shape: dy }, { shape: weight }],
        attributes: { ...attributes, inputSize: [x[1], x[2]] },
      })),
      run: ([dy, weight], attributes) => convInputGradient(dy, weight, attributes),
      reference: ([dy, weight], attributes) =>
        convInputGradientReference(dy, weight, attributes, [
          dy.shape[0],
          ...attributes.inputSize,
          weight.shape[3] * attributes.groups,
        ]),
      roundings: terms,
    }));

  test('the gradient by the weight is itself an operation with gradients', () =>
    checkOperation<WeightGradientAttributes>({
      cases: convolutions(variant).map(({ x, weight, dy, attributes }) => ({
        inputs: [{ shape: x }, { shape: dy }],
        attributes: { ...attributes, kernelSize: [weight[1], weight[2]] },
      })),
      run: ([x, dy], attributes) => convWeightGradient(x, dy, attributes),
      reference: ([x, dy], attributes) =>
        convWeightGradientReference(x, dy, attributes, [
          dy.shape[3],
          ...attributes.kernelSize,
          x.shape[3] / attributes.groups,
        ]),
      roundings: terms,
    }));

  // Too many values for central differences: the gradients' own references stand in for them. Several tiles each way,
  // the last ones partial, and enough rows for the weight's gradient to be split into splits.
  test.each<[name: string, x: Shape, weight: Shape, attributes: Partial<ConvAttributes>]>([
    ['3×3 over 2×19×21×20 to 36', [2, 19, 21, 20], [36, 3, 3, 20], { padding: [1, 1] }],
    ['3×3 of stride 2 over 1×33×18×40 to 70', [1, 33, 18, 40], [70, 3, 3, 40], { stride: [2, 2], padding: [1, 1] }],
    ['1×1 over 2×16×16×68 to 33', [2, 16, 16, 68], [33, 1, 1, 68], {}],
    ['5×3 of one channel over 2×40×31×1 to 10', [2, 40, 31, 1], [10, 5, 3, 1], { padding: [2, 1] }],
  ])('large: %s', async (_name, xShape, weightShape, partial) => {
    const device = await sharedDevice();
    const attributes = { stride: [1, 1], padding: [0, 0], dilation: [1, 1], groups: 1, variant, ...partial } as const;
    const dyShape = convOutputShape('test', xShape, weightShape, attributes);
    const values = (shape: Shape, seed: number) => ({
      shape,
      values: Float64Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) =>
        Math.sin(i * i * 0.37 + seed),
      ).map(Math.fround),
    });
    const [x, weight, dy] = [values(xShape, 1), values(weightShape, 2), values(dyShape, 3)];
    const [tx, tw, tdy] = [x, weight, dy].map((r) => device.tensor(Float32Array.from(r.values), r.shape));
    const y = conv2d(tx, tw, attributes);
    const [gx, gw] = gradients(sum(mul(y, tdy)), [tx, tw]);
    expectClose(await y.data(), conv2dReference(x, weight, attributes).values, 60);
    const inputGradient = convInputGradientReference(dy, weight, attributes, xShape);
    expectClose(await gx.data(), inputGradient.values, 60, 'gradient by x');
    const weightGradient = convWeightGradientReference(x, dy, attributes, weightShape);
    expectClose(await gw.data(), weightGradient.values, 60, 'gradient by weight');
    for (const tensor of [tx, tw, tdy, y, gx, gw]) tensor.dispose();
  });

  for (const name of ['conv2d_0', 'conv2d_2', 'conv2d_5']) {
    const published = golden(name);
    test.skipIf(!published)(`PyTorch's values: ${name}`, async () => {
      if (!published) return;
      const device = await sharedDevice();
      const { tensors } = published;
      const images = (key: string) => nchwToNhwc(tensors[key]);
      const [x, weight, cotangent] = ['in_x', 'in_weight', 'cotangent'].map((key) =>
        device.tensor(images(key).values, images(key).shape),
      );
      const bias = tensors.in_bias && device.tensor(Float32Array.from(tensors.in_bias.data), tensors.in_bias.shape);
      const y = conv2d(x, weight, { bias, variant, ...(published.params as object) });
      const [gx, gw, gb] = gradients(sum(mul(y, cotangent)), bias ? [x, weight, bias] : [x, weight]);
      expectClose(await y.data(), images('out').values, 30);
      expectClose(await gx.data(), images('grad_x').values, 30, 'gradient by x');
      expectClose(await gw.data(), images('grad_weight').values, 30, 'gradient by weight');
      if (gb) expectClose(await gb.data(), tensors.grad_bias.data, 30, 'gradient by bias');
    });
  }
});

// Partial tiles of 128 each way, and sums over 72 · 9 products: long enough to be cut into splits.
test.for<[KernelVariant, Pair, 'f32' | 'f16']>([
  ['tiled', [1, 1], 'f32'],
  ['tiled', [1, 2], 'f16'],
  ['tiled-128', [1, 1], 'f32'],
  ['tiled-128', [2, 1], 'f32'],
])('large, on %s with a stride of %j and images of %s', async ([variant, stride, dtype], { skip }) => {
  const device = await sharedDevice();
  skip(dtype === 'f16' && !device.traits.f16, 'the adapter has no f16');
  const geometry = { stride, padding: [1, 1] as Pair, dilation: [1, 1] as Pair, groups: 1 };
  const random = (shape: readonly number[], seed: number) => ({
    shape,
    // Ten bits, which both types hold.
    values: Float64Array.from(
      { length: sizeOf(shape) },
      (_, i) => Math.round(1024 * Math.sin(i * i * 0.37 + seed)) / 1024,
    ),
  });
  const x = random([2, 12, 13, 72], 1);
  const weight = random([140, 3, 3, 72], 2);
  const bias = random([140], 4);
  const dy = random(convOutputShape('test', x.shape, weight.shape, geometry), 3);
  const [tx, tdy] = [x, dy].map(({ shape, values }) => device.tensor(values, shape, dtype));
  const [tw, tb] = [weight, bias].map(({ shape, values }) => device.tensor(values, shape));
  const run = compile(
    () => {
      const y = conv2d(tx, tw, { ...geometry, bias: tb, variant });
      return [y, ...gradients(sum(cast(mul(y, tdy), 'f32')), [tx, tw])];
    },
    { device },
  );
  const results = await run();
  expect(results.map((tensor) => tensor.dtype)).toEqual([dtype, dtype, 'f32']);
  const [y, gx, gw] = await Promise.all(results.map((tensor) => tensor.data()));
  // A result of f16 has 13 bits less, and is rounded once.
  const roundings = dtype === 'f16' ? 2 ** 13 : 120;
  expectClose(y, conv2dReference(x, weight, geometry, bias).values, roundings);
  expectClose(gx, convInputGradientReference(dy, weight, geometry, x.shape).values, roundings, 'gradient by x');
  expectClose(gw, convWeightGradientReference(x, dy, geometry, weight.shape).values, 120, 'gradient by weight');
  const { dispatches = [] } = await run.profile();
  expect(dispatches.map(({ label }) => label)).toContain('conv2d.sum');
  run.dispose();
});

test.each<KernelVariant>(await offered('lanes', 'tiled'))(
  'a weight gradient summed from splits has the same bits every time, on %s',
  async (variant) => {
    const device = await sharedDevice();
    const shape = [2, 24, 24, 8];
    const values = (seed: number) => Float32Array.from({ length: 2 * 24 * 24 * 8 }, (_, i) => Math.sin(i * seed));
    const [x, dy] = [device.tensor(values(1), shape), device.tensor(values(3), shape)];
    const one: Pair = [1, 1];
    const attributes = { stride: one, padding: one, dilation: one, groups: 1, kernelSize: [3, 3] as const, variant };
    const first = await convWeightGradient(x, dy, attributes).data();
    for (let run = 0; run < 5; run++) expect(await convWeightGradient(x, dy, attributes).data()).toEqual(first);
  },
);

describe('conv2d refuses, with the numbers and the remedy', async () => {
  const device = await sharedDevice();
  const x = device.zeros([1, 5, 6, 4]);
  const refused: [string, () => unknown, RegExp][] = [
    [
      'channels that do not match',
      () => conv2d(x, device.zeros([2, 3, 3, 3])),
      /expects 3 input channels, x has 4 \(shape 1×5×6×4\)/,
    ],
    [
      'a kernel larger than the padded image',
      () => conv2d(x, device.zeros([2, 7, 3, 4])),
      /spans 7×3 pixels.*padded image is 5×6/,
    ],
    [
      'a dilated kernel larger than the image',
      () => conv2d(x, device.zeros([2, 3, 3, 4]), { dilation: 3 }),
      /spans 7×7 pixels/,
    ],
    [
      'groups that do not divide',
      () => conv2d(x, device.zeros([4, 3, 3, 1]), { groups: 3 }),
      /3 groups do not divide 4 input and 4/,
    ],
    [
      'an image of the wrong rank',
      () => conv2d(device.zeros([5, 6, 4]), device.zeros([2, 3, 3, 4])),
      /of rank 3.*\[N, H, W, C\]/,
    ],
    [
      'a bias of the wrong size',
      () => conv2d(x, device.zeros([2, 3, 3, 4]), { bias: device.zeros([3]) }),
      /bias is 3 and there are 2/,
    ],
    [
      'a stride of zero',
      () => conv2d(x, device.zeros([2, 3, 3, 4]), { stride: 0 }),
      /got 0 for stride; give a whole number of at least 1/,
    ],
  ];
  test.each(refused)('%s', (_name, call, message) => {
    expect(call).toThrow(ShapeError);
    expect(call).toThrow(message);
  });
});
