import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ShapeError } from '../../src/engine/errors.js';
import { gradients, mul, sum } from '../../src/index.js';
import { convTranspose2d } from '../../src/kernels/conv-transpose2d/conv-transpose2d.js';
import { convTranspose2dReference } from '../../src/kernels/conv-transpose2d/reference.js';
import type { Pair } from '../../src/kernels/conv2d/geometry.js';
import type { KernelVariant } from '../../src/kernels/implicit-gemm/variants.js';
import { type Case, checkOperation, expectClose } from '../support/check-operation.js';
import { offered, sharedDevice } from '../support/device.js';
import { golden, nchwToNhwc } from '../support/golden.js';

interface Attributes {
  readonly stride: Pair;
  readonly padding: Pair;
  readonly outputPadding: Pair;
  readonly dilation: Pair;
  readonly groups: number;
  readonly variant: KernelVariant;
}

const pair = (min: number, max: number) => fc.tuple(fc.integer({ min, max }), fc.integer({ min, max }));

function cases(variant: KernelVariant): fc.Arbitrary<Case<Attributes>> {
  return fc
    .record({
      image: fc.tuple(fc.integer({ min: 1, max: 2 }), fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 5 })),
      kernel: pair(1, 4),
      stride: pair(1, 3),
      padding: pair(0, 2),
      outputPadding: pair(0, 2),
      dilation: pair(1, 2),
      groups: fc.constantFrom(1, 1, 2),
      groupIn: fc.constantFrom(1, 3, 4, 8, 12),
      groupOut: fc.constantFrom(1, 3, 4, 8, 12),
      biased: fc.boolean(),
    })
    .filter(({ image, kernel, stride, padding, outputPadding, dilation }) =>
      [0, 1].every(
        (a) =>
          outputPadding[a] < stride[a] &&
          (image[1 + a] - 1) * stride[a] - 2 * padding[a] + dilation[a] * (kernel[a] - 1) + outputPadding[a] >= 0,
      ),
    )
    .map(({ image, kernel, groups, groupIn, groupOut, biased, ...rest }) => ({
      inputs: [
        { shape: [...image, groups * groupIn] },
        { shape: [groups * groupIn, ...kernel, groupOut] },
        ...(biased ? [{ shape: [groups * groupOut] }] : []),
      ],
      attributes: { ...rest, groups, variant },
    }));
}

describe.each<KernelVariant>(await offered('lanes', 'tiled'))('convTranspose2d on %s', (variant) => {
  test('forward, and the gradients by x, weight and bias', () =>
    checkOperation<Attributes>({
      cases: cases(variant),
      run: ([x, weight, bias], attributes) => convTranspose2d(x, weight, { bias, ...attributes }),
      reference: ([x, weight, bias], attributes) => convTranspose2dReference(x, weight, attributes, bias),
      roundings: () => 60,
    }));

  for (const name of ['conv_transpose2d_0', 'conv_transpose2d_2']) {
    const published = golden(name);
    test.skipIf(!published)(`PyTorch's values: ${name}`, async () => {
      if (!published) return;
      const device = await sharedDevice();
      const { tensors, params } = published;
      const images = (key: string) => nchwToNhwc(tensors[key]);
      const [x, weight, cotangent] = ['in_x', 'in_weight', 'cotangent'].map((key) =>
        device.tensor(images(key).values, images(key).shape),
      );
      const bias = device.tensor(Float32Array.from(tensors.in_bias.data), tensors.in_bias.shape);
      const { stride, padding, output_padding: outputPadding } = params as Record<string, number>;
      const y = convTranspose2d(x, weight, { bias, variant, stride, padding, outputPadding });
      const [gx, gw, gb] = gradients(sum(mul(y, cotangent)), [x, weight, bias]);
      expectClose(await y.data(), images('out').values, 30);
      expectClose(await gx.data(), images('grad_x').values, 30, 'gradient by x');
      expectClose(await gw.data(), images('grad_weight').values, 30, 'gradient by weight');
      expectClose(await gb.data(), tensors.grad_bias.data, 30, 'gradient by bias');
    });
  }
});

describe('convTranspose2d refuses, with the numbers and the remedy', async () => {
  const device = await sharedDevice();
  const x = device.zeros([1, 5, 6, 4]);
  const refused: [string, () => unknown, RegExp][] = [
    [
      'channels that do not match',
      () => convTranspose2d(x, device.zeros([3, 2, 2, 4])),
      /expects 3 input channels, x has 4/,
    ],
    [
      'an output padding as large as the stride, downwards',
      () => convTranspose2d(x, device.zeros([4, 2, 2, 3]), { stride: 2, outputPadding: [2, 1] }),
      /outputPadding 2×1 must be smaller than stride 2×2/,
    ],
    [
      'an output padding as large as the stride, sideways',
      () => convTranspose2d(x, device.zeros([4, 2, 2, 3]), { stride: 2, outputPadding: [0, 2] }),
      /outputPadding 0×2 must be smaller than stride 2×2/,
    ],
    [
      'a padding that leaves nothing',
      () => convTranspose2d(x, device.zeros([4, 1, 1, 3]), { padding: 3 }),
      /output of -1×0 pixels/,
    ],
    [
      'groups that do not divide',
      () => convTranspose2d(x, device.zeros([4, 1, 1, 3]), { groups: 3 }),
      /3 groups do not divide 4/,
    ],
    ['a weight of the wrong rank', () => convTranspose2d(x, device.zeros([4, 3])), /weight is 4×3, of rank 2/],
    [
      'a bias of the wrong size',
      () => convTranspose2d(x, device.zeros([4, 1, 1, 3]), { bias: x }),
      /bias is 1×5×6×4 and there are 3/,
    ],
  ];
  test.each(refused)('%s', (_name, call, message) => {
    expect(call).toThrow(ShapeError);
    expect(call).toThrow(message);
  });
});
