import { existsSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Device, gradients, mul, openDevice, sum, type Tensor } from '../../src/index.js';
import { conv2d } from '../../src/kernels/conv2d/conv2d.js';
import { convTranspose2d } from '../../src/kernels/convTranspose2d/convTranspose2d.js';
import { matmul } from '../../src/kernels/matmul/matmul.js';
import type { KernelVariant } from '../../src/kernels/matmul/variant.js';

interface Golden {
  readonly params: Record<string, number>;
  readonly tensors: Record<string, { shape: number[]; data: number[] }>;
}

const folder = new URL('../../../shared/golden/', import.meta.url);
const variants: KernelVariant[] = ['lanes', 'tiled'];

/** The axes of a row-major tensor in another order. */
function permute(data: readonly number[], shape: readonly number[], axes: readonly number[]) {
  const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((a, b) => a * b, 1));
  const to = axes.map((axis) => shape[axis]);
  const values = data.map((_, index) => {
    let rest = index;
    let from = 0;
    for (let axis = to.length - 1; axis >= 0; axis--) {
      from += (rest % to[axis]) * strides[axes[axis]];
      rest = Math.floor(rest / to[axis]);
    }
    return data[from];
  });
  return { values, shape: to };
}

/** Images and both kinds of convolution weights lie with their second axis last: NCHW to NHWC, [a, b, kH, kW] to [a, kH, kW, b]. */
const channelsLast = [0, 2, 3, 1];

describe.skipIf(!existsSync(folder))('PyTorch golden values', () => {
  let device: Device;
  beforeAll(async () => {
    device = await openDevice();
  });
  afterAll(() => device.close());

  const cases = ['conv2d_0', 'conv2d_2', 'conv2d_5', 'conv_transpose2d_0', 'conv_transpose2d_2', 'matmul_0'];
  test.each(cases.flatMap((name) => variants.map((variant) => [name, variant] as const)))('%s on %s', async (name, variant) => {
    const { params, tensors }: Golden = JSON.parse(readFileSync(new URL(`${name}.json`, folder), 'utf8'));
    const native = (key: string) => {
      const { data, shape } = tensors[key];
      return shape.length === 4 ? permute(data, shape, channelsLast) : { values: data, shape };
    };
    const tensor = (key: string): Tensor => device.tensor(native(key).values, native(key).shape);
    const inputs = Object.fromEntries(
      Object.keys(tensors)
        .filter((key) => key.startsWith('in_'))
        .map((key) => [key.slice(3), tensor(key)]),
    );
    const { x, weight, bias } = inputs;
    const out = name.startsWith('matmul')
      ? matmul(inputs.a, inputs.b, { variant })
      : name.startsWith('conv_transpose')
        ? convTranspose2d(x, weight, {
            ...{ bias, variant, stride: params.stride, padding: params.padding, outputPadding: params.output_padding },
          })
        : conv2d(x, weight, { bias, variant, ...params });
    const grads = gradients(sum(mul(out, tensor('cotangent'))), Object.values(inputs));
    const results: [string, Tensor][] = [['out', out], ...Object.keys(inputs).map((key, i): [string, Tensor] => [`grad_${key}`, grads[i]])];
    for (const [key, result] of results) {
      const expected = native(key);
      expect(result.shape, key).toEqual(expected.shape);
      const actual = await result.data();
      const worst = Math.max(...expected.values.map((value, i) => Math.abs(value - actual[i])));
      expect(worst, key).toBeLessThan(2e-5);
    }
  });
});
