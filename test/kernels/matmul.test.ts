import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ShapeError } from '../../src/engine/errors.js';
import { cast, gradients, mul, sum } from '../../src/index.js';
import { type KernelVariant, variantsFor } from '../../src/kernels/implicit-gemm/variants.js';
import { type MatmulAttributes, matmul } from '../../src/kernels/matmul/matmul.js';
import { matmulReference } from '../../src/kernels/matmul/reference.js';
import { checkOperation, expectClose } from '../support/check-operation.js';
import { offered, offers, sharedDevice } from '../support/device.js';
import { golden } from '../support/golden.js';

// Both sides of the vector width and of the tiles (32 and 64 rows, 8, 32 and 64 columns).
const extent = fc.constantFrom(1, 3, 4, 7, 12, 20, 36);
const batches = fc.constantFrom<[number[], number[]]>([[], []], [[2], [2]], [[3], []], [[2, 1], [3]], [[1], [2, 2]]);

describe.each<KernelVariant>(await offered('lanes', 'tiled'))('matmul on %s', (variant) => {
  test.each([
    [false, false],
    [false, true],
    [true, false],
    [true, true],
  ])('value and gradients, transposeA %s, transposeB %s', (transposeA, transposeB) =>
    checkOperation<MatmulAttributes>({
      cases: fc.tuple(batches, extent, extent, extent).map(([[batchA, batchB], rows, columns, depth]) => ({
        inputs: [
          { shape: [...batchA, ...(transposeA ? [depth, rows] : [rows, depth])] },
          { shape: [...batchB, ...(transposeB ? [columns, depth] : [depth, columns])] },
        ],
        attributes: { transposeA, transposeB, variant },
      })),
      run: ([a, b], attributes) => matmul(a, b, attributes),
      reference: ([a, b], attributes) => matmulReference(a.values, a.shape, b.values, b.shape, attributes),
      roundings: () => 40,
      effort: 0.5,
    }),
  );

  const published = golden('matmul_0');
  test.skipIf(!published)("PyTorch's values: matmul_0", async () => {
    if (!published) return;
    const device = await sharedDevice();
    const { tensors } = published;
    const [a, b, cotangent] = ['in_a', 'in_b', 'cotangent'].map((key) =>
      device.tensor(Float32Array.from(tensors[key].data), tensors[key].shape),
    );
    const product = matmul(a, b, { variant });
    const [ga, gb] = gradients(sum(mul(product, cotangent)), [a, b]);
    expectClose(await product.data(), tensors.out.data, 30);
    expectClose(await ga.data(), tensors.grad_a.data, 30, 'gradient by a');
    expectClose(await gb.data(), tensors.grad_b.data, 30, 'gradient by b');
  });
});

test.for<[KernelVariant, boolean, boolean]>([
  ['lanes', false, false],
  ['tiled', false, false],
  ['tiled-128', false, false],
  ['tiled-128', true, true],
])(
  'several tiles each way, the last ones partial: %s, transposeA %s, transposeB %s',
  async ([variant, transposeA, transposeB], { skip }) => {
    const device = await sharedDevice();
    skip(!(await offers(variant)), 'the adapter lacks subgroups of one size');
    const values = (length: number, seed: number) =>
      Float32Array.from({ length }, (_, i) => Math.sin(i * i * 0.37 + seed));
    const [a, b] = [values(2 * 130 * 76, 1), values(76 * 140, 2)];
    const aShape = transposeA ? [2, 76, 130] : [2, 130, 76];
    const bShape = transposeB ? [140, 76] : [76, 140];
    const options = { transposeA, transposeB };
    const product = matmul(device.tensor(a, aShape), device.tensor(b, bShape), { ...options, variant });
    expectClose(await product.data(), matmulReference(a, aShape, b, bShape, options).values, 40);
  },
);

test.for([
  ['f16', 'f16', 'f16'],
  ['f16', 'f32', 'f32'],
] as const)(
  '%s times %s is %s, and its gradients have the types of their operands',
  async ([aType, bType, cType], { skip }) => {
    const device = await sharedDevice();
    skip(!device.traits.f16, 'the adapter has no f16');
    const values = (length: number, seed: number) =>
      Float64Array.from({ length }, (_, i) => Math.round(1024 * Math.sin(i * i * 0.37 + seed)) / 1024);
    const [a, b] = [values(70 * 33, 1), values(33 * 66, 2)];
    const [ta, tb] = [device.tensor(a, [70, 33], aType), device.tensor(b, [33, 66], bType)];
    const c = matmul(ta, tb);
    const [ga, gb] = gradients(sum(cast(c, 'f32')), [ta, tb]);
    expect([c.dtype, ga.dtype, gb.dtype]).toEqual([cType, aType, bType]);
    const roundings = (dtype: string) => (dtype === 'f16' ? 2 ** 13 : 40);
    const ones = new Float64Array(70 * 66).fill(1);
    expectClose(await c.data(), matmulReference(a, [70, 33], b, [33, 66]).values, roundings(cType));
    const expected = matmulReference(ones, [70, 66], b, [33, 66], { transposeB: true }).values;
    expectClose(await ga.data(), expected, roundings(aType), 'gradient by a');
    const other = matmulReference(a, [70, 33], ones, [70, 66], { transposeA: true }).values;
    expectClose(await gb.data(), other, roundings(bType), 'gradient by b');
  },
);

describe('the kernels of a product', () => {
  const adapter = { subgroups: true, subgroupSize: 8, f16: false };
  test.each<[software: boolean, rows: number, columns: number, batch: number, variants: KernelVariant[]]>([
    [true, 4096, 4096, 1, ['lanes', 'tiled']],
    [false, 64, 4096, 64, ['tiled', 'lanes']],
    [false, 512, 512, 1, ['tiled', 'tiled-128', 'lanes']],
    [false, 2048, 2048, 1, ['tiled-128', 'tiled', 'lanes']],
  ])('software %s, %i×%i, %i of them', (software, rows, columns, batch, variants) => {
    expect(variantsFor({ ...adapter, software }, { rows, columns, batch })).toEqual(variants);
  });
});

describe('matmul refuses, with the numbers and the remedy', async () => {
  const device = await sharedDevice();
  const zeros = (...shape: number[]) => device.zeros(shape);
  const refused: [string, () => unknown, RegExp][] = [
    [
      'inner extents that differ',
      () => matmul(zeros(2, 3), zeros(4, 5)),
      /a has 3 columns \(shape 2×3\) and b has 4 rows/,
    ],
    [
      'the same, transposed',
      () => matmul(zeros(2, 3), zeros(2, 5), { transposeB: true }),
      /b has 5 rows \(shape 2×5, transposed\)/,
    ],
    ['a vector', () => matmul(zeros(3), zeros(3, 5)), /operands are 3 and 3×5; both must have rank 2/],
    ['batches that do not broadcast', () => matmul(zeros(2, 3, 4), zeros(3, 4, 5)), /shapes 2 and 3 do not broadcast/],
  ];
  test.each(refused)('%s', (_name, call, message) => {
    expect(call).toThrow(ShapeError);
    expect(call).toThrow(message);
  });
});
