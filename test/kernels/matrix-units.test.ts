import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import type { Lowering, MatrixShape, Value } from '../../src/engine/operation.js';
import { type Shape, sizeOf } from '../../src/engine/shape.js';
import {
  cast,
  compile,
  convTranspose2d,
  type Device,
  enableMatrixUnits,
  gradients,
  mul,
  openDevice,
  sum,
} from '../../src/index.js';
import {
  conv2d,
  conv2dOperation,
  convInputGradientOperation,
  convWeightGradientOperation,
} from '../../src/kernels/conv2d/conv2d.js';
import { convOutputShape, type Pair } from '../../src/kernels/conv2d/geometry.js';
import {
  conv2dReference,
  convInputGradientReference,
  convWeightGradientReference,
} from '../../src/kernels/conv2d/reference.js';
import { matmul, matmulOperation } from '../../src/kernels/matmul/matmul.js';
import { matmulReference } from '../../src/kernels/matmul/reference.js';
import { type KernelVariant, variantsFor } from '../../src/kernels/matmul/variant.js';
import { expectClose } from '../support/check-operation.js';
import { sharedDevice } from '../support/device.js';

const one: Pair = [1, 1];
const padded = { stride: one, padding: one, dilation: one, groups: 1 };

// What the drivers of NVIDIA, AMD, Intel and Apple list, with a size that their subgroups have, and lavapipe's.
const listed: [vendor: string, subgroupSize: number, shape: MatrixShape][] = [
  ['NVIDIA', 32, { m: 16, n: 16, k: 16 }],
  ['NVIDIA', 32, { m: 16, n: 8, k: 16 }],
  ['NVIDIA', 32, { m: 16, n: 8, k: 8 }],
  ['AMD', 64, { m: 16, n: 16, k: 16 }],
  ['Intel', 16, { m: 8, n: 16, k: 16 }],
  ['Intel', 8, { m: 8, n: 8, k: 16 }],
  ['Apple', 32, { m: 8, n: 8, k: 8 }],
  ['lavapipe', 8, { m: 8, n: 8, k: 8 }],
];

test('kernels for matrix units are WGSL, whatever the shape', () => {
  const sources = listed.flatMap(([, subgroupSize, matrix]) => kernelSources(subgroupSize, matrix));
  const script = fileURLToPath(new URL('../support/type-check-wgsl.mjs', import.meta.url));
  // One that is wrong shows that errors would be seen.
  const input = JSON.stringify([...sources, 'fn f() -> f16 { return 1.0h; }']);
  const errors = JSON.parse(execFileSync(process.execPath, [script], { input, encoding: 'utf8' })) as string[][];
  expect(errors.pop()).not.toEqual([]);
  expect(errors.flat()).toEqual([]);
  expect(errors.length).toBeGreaterThan(100);
});

/** The text of every kernel that multiplies on matrix units, as it would run on such an adapter. */
function kernelSources(subgroupSize: number, matrix: MatrixShape): string[] {
  const sources = new Set<string>();
  const value = (shape: Shape, dtype: 'f16' | 'f32' = 'f16'): Value => ({ id: 0, shape, dtype });
  const lowering: Lowering = {
    limits: { maxStorageBufferBindingSize: 2 ** 27, maxComputeWorkgroupStorageSize: 32768 } as GPUSupportedLimits,
    adapter: { software: false, subgroups: true, subgroupSize, f16: true, matrix },
    variant: undefined,
    scratch: (shape, dtype = 'f32') => ({ id: 0, shape, dtype }),
    constant: ({ length }) => ({ id: 0, shape: [length], dtype: 'u32' }),
    reshape: ({ id, dtype }, shape) => ({ id, shape, dtype }),
    dispatch: ({ source }) => sources.add(source),
  };
  for (const variant of ['matrix', 'matrix-128'] as const) {
    for (const [transposeA, transposeB] of [
      [false, false],
      [true, true],
    ]) {
      const attributes = { transposeA, transposeB, variant };
      matmulOperation.lower(lowering, [value([64, 64]), value([64, 64])], [value([64, 64])], attributes);
    }
    for (const channels of [64, 3]) {
      const [image, weight] = [value([1, 8, 8, channels]), value([channels, 3, 3, channels], 'f32')];
      const attributes = { ...padded, variant };
      conv2dOperation.lower(lowering, [image, weight], [image], attributes);
      convInputGradientOperation.lower(lowering, [image, weight], [image], { ...attributes, inputSize: [8, 8] });
      convWeightGradientOperation.lower(lowering, [image, image], [weight], { ...attributes, kernelSize: [3, 3] });
    }
  }
  return [...sources].filter((source) => source.includes('subgroup_matrix'));
}

test('without matrix units the reason is told, and variants for them are refused', async () => {
  const device = await sharedDevice();
  const { shape, reason, struck } = await enableMatrixUnits(device);
  expect({ shape, struck }).toEqual({ shape: undefined, struck: [] });
  expect(reason).toMatch(/no f16|lists none/);
  expect(device.traits.matrix).toBeUndefined();
  const asked = matmul(device.zeros([4, 4]), device.zeros([4, 4]), { variant: 'matrix' });
  await expect(asked.data()).rejects.toThrow(/needs matrix units.*enableMatrixUnits/);
});

test('with them, they come first for f16 and never for f32', () => {
  const adapter = { software: false, subgroups: true, subgroupSize: 32, f16: true, matrix: { m: 16, n: 16, k: 16 } };
  const extent = { rows: 2048, columns: 2048, batch: 1 };
  expect(variantsFor(adapter, { ...extent, dtype: 'f16' })).toEqual(['matrix-128', 'matrix', 'tiled-128', 'tiled']);
  expect(variantsFor(adapter, extent)).toEqual(['tiled-128', 'tiled']);
});

/** Ten bits, which f16 holds too. */
function values(shape: Shape, seed: number): { shape: Shape; values: Float64Array } {
  const own = Float64Array.from({ length: sizeOf(shape) }, (_, i) => (((i * 389 + seed * 97) % 2039) - 1019) / 1024);
  return { shape, values: own };
}

/** The device of a driver with matrix units, if the machine has one. Ours has them only behind experimental flags. */
async function deviceWithMatrixUnits(): Promise<Device | undefined> {
  const device = await openDevice({ experimental: true, tuning: 'none' });
  const { shape, struck } = await enableMatrixUnits(device);
  expect(struck).toEqual([]);
  if (shape) return device;
  device.close();
  return undefined;
}

describe('on matrix units', async () => {
  // The software driver that has them compiles such kernels for minutes.
  const patience = 600_000;
  const device = await deviceWithMatrixUnits();
  const halves = 2 ** 13;

  test.skipIf(!device).each<[KernelVariant, Pair, number, number]>([
    ['matrix', [1, 1], 72, 68],
    ['matrix', [2, 1], 5, 3],
    ['matrix-128', [1, 1], 12, 132],
  ])(
    'convolution and its gradients: %s, stride %j, %i to %i channels',
    async (variant, stride, inC, outC) => {
      if (!device) return;
      const geometry = { ...padded, stride };
      const [x, weight, bias] = [values([2, 9, 10, inC], 1), values([outC, 3, 3, inC], 2), values([outC], 4)];
      const dy = values(convOutputShape('test', x.shape, weight.shape, geometry), 3);
      const [tx, tdy] = [x, dy].map((reference) => device.tensor(reference.values, reference.shape, 'f16'));
      const [tw, tb] = [weight, bias].map((reference) => device.tensor(reference.values, reference.shape));
      const run = compile(
        () => {
          const y = conv2d(tx, tw, { ...geometry, bias: tb, variant });
          return [y, ...gradients(sum(cast(mul(y, tdy), 'f32')), [tx, tw])];
        },
        { device },
      );
      const [y, gx, gw] = await Promise.all((await run()).map((tensor) => tensor.data()));
      expectClose(y, conv2dReference(x, weight, geometry, bias).values, halves);
      expectClose(gx, convInputGradientReference(dy, weight, geometry, x.shape).values, halves, 'gradient by x');
      // Its operands are exact in f16 and its sums f32: as close as on vectors.
      expectClose(gw, convWeightGradientReference(x, dy, geometry, weight.shape).values, 120, 'gradient by weight');
      run.dispose();
    },
    patience,
  );

  test.skipIf(!device)(
    'transposed convolution',
    async () => {
      if (!device) return;
      const [x, weight] = [values([1, 5, 7, 20], 1), values([20, 2, 2, 12], 2)];
      const y = convTranspose2d(device.tensor(x.values, x.shape, 'f16'), device.tensor(weight.values, weight.shape), {
        stride: 2,
        variant: 'matrix',
      });
      const geometry = { stride: [2, 2] as Pair, padding: [0, 0] as Pair, dilation: one, groups: 1 };
      expectClose(await y.data(), convInputGradientReference(x, weight, geometry, y.shape).values, halves);
    },
    patience,
  );

  test.skipIf(!device)(
    'products of f16 and f32, where the f32 operand is rounded to f16',
    async () => {
      if (!device) return;
      const [a, b] = [values([70, 33], 1), values([33, 66], 2)];
      const c = matmul(device.tensor(a.values, a.shape, 'f16'), device.tensor(b.values, b.shape), {
        variant: 'matrix',
      });
      expect(c.dtype).toBe('f32');
      expectClose(await c.data(), matmulReference(a.values, a.shape, b.values, b.shape).values, 40);
    },
    patience,
  );
});
