import { describe, expect, test } from 'vitest';
import { type Shape, sizeOf } from '../../src/engine/shape.js';
import {
  batchNorm,
  cast,
  compile,
  convTranspose2d,
  type Device,
  gradients,
  type MatrixUnit,
  mul,
  sum,
  type Tensor,
  type TuningEntry,
  tune,
} from '../../src/index.js';
import { batchStatisticsReference } from '../../src/kernels/batch-norm/reference.js';
import { conv2d } from '../../src/kernels/conv2d/conv2d.js';
import { type ConvGeometry, convOutputShape, type Pair } from '../../src/kernels/conv2d/geometry.js';
import {
  conv2dReference,
  convInputGradientReference,
  convWeightGradientReference,
} from '../../src/kernels/conv2d/reference.js';
import { isMatrix, type KernelVariant, offersLanes } from '../../src/kernels/implicit-gemm/variants.js';
import { matmul } from '../../src/kernels/matmul/matmul.js';
import { matmulReference } from '../../src/kernels/matmul/reference.js';
import { expectClose, type Reference } from '../support/check-operation.js';
import { deviceWithMatrixUnits, offered, sharedDevice } from '../support/device.js';
import { type ExactProducts, expectWithinRounding } from '../support/rounding.js';

// Kernels on f16, on vectors and on matrix units, against the float64 reference and against the kernel on f32, element
// by element within what rounding explains: support/rounding.ts.

const one: Pair = [1, 1];

// The software driver that has matrix units compiles such kernels for minutes.
const patience = 900_000;

/** Images that f16 holds exactly, and weights that it does not. */
function draw(shape: Shape, seed: number, exact: boolean): Reference {
  const own = Float64Array.from({ length: sizeOf(shape) }, (_, i) => {
    const bits = (((i * 389 + seed * 97) % 2039) - 1019) / 1024;
    return exact ? bits : Math.fround(bits * (1 + (i % 7) * 2 ** -14));
  });
  return { shape, values: own };
}

function absolute({ shape, values }: Reference): Reference {
  return { shape, values: values.map(Math.abs) };
}

/** What `reference` gives of these operands, and of their absolute values. */
function exactly(
  reference: (a: Reference, b: Reference) => { readonly values: Float64Array },
  a: Reference,
  b: Reference,
): ExactProducts {
  return { values: reference(a, b).values, magnitudes: reference(absolute(a), absolute(b)).values };
}

function kernelsOn(device: Device, variants: readonly KernelVariant[], units?: MatrixUnit): void {
  const full: KernelVariant = offersLanes(device.traits) ? 'lanes' : 'tiled';

  async function inBoth(variant: KernelVariant, body: (dtype: 'f16' | 'f32', variant: KernelVariant) => Tensor[]) {
    const outcome = async (dtype: 'f16' | 'f32', own: KernelVariant) => {
      const run = compile(() => body(dtype, own), { device, matrixUnits: units });
      const results = await run();
      const data = await Promise.all(results.map((result) => result.data()));
      for (const result of results) result.dispose();
      run.dispose();
      return data;
    };
    return { half: await outcome('f16', variant), single: await outcome('f32', full) };
  }

  test.each(
    variants.flatMap((variant): [KernelVariant, Pair, number, number][] => [
      [variant, [1, 1], 72, variant.includes('128') ? 132 : 68],
      [variant, [2, 1], 5, 3],
    ]),
  )(
    'convolution and its gradients, %s, stride %j, %i to %i channels',
    async (variant, stride, inC, outC) => {
      const geometry: ConvGeometry = { stride, padding: one, dilation: one, groups: 1 };
      const [x, weight] = [draw([2, 9, 10, inC], 1, true), draw([outC, 3, 3, inC], 2, false)];
      const dy = draw(convOutputShape('test', x.shape, weight.shape, geometry), 3, true);
      const { half, single } = await inBoth(variant, (dtype, own) => {
        const [tx, tdy] = [x, dy].map((reference) => device.tensor(reference.values, reference.shape, dtype));
        const tw = device.tensor(weight.values, weight.shape);
        const y = conv2d(tx, tw, { ...geometry, variant: own });
        return [y, ...gradients(sum(cast(mul(y, tdy), 'f32')), [tx, tw])];
      });
      const matrixUnits = isMatrix(variant);
      const expected = [
        exactly((a, b) => conv2dReference(a, b, geometry), x, weight),
        exactly((a, b) => convInputGradientReference(a, b, geometry, x.shape), dy, weight),
        exactly((a, b) => convWeightGradientReference(a, b, geometry, weight.shape), x, dy),
      ];
      const terms = [9 * inC, 9 * outC, sizeOf(dy.shape) / outC];
      for (const [i, what] of ['result', 'gradient by x', 'gradient by weight'].entries()) {
        const ofWeight = what === 'gradient by weight';
        // Weights of f32 are rounded for matrix units; images, and the gradients that reach them, are f16 as they are.
        const roundedOperands = matrixUnits && !ofWeight ? 1 : 0;
        const rounding = { terms: terms[i], roundedOperands, result: ofWeight ? 'f32' : 'f16', matrixUnits } as const;
        const plain = { terms: terms[i], result: 'f32' } as const;
        expectWithinRounding(what, expected[i], { values: half[i], rounding }, { values: single[i], rounding: plain });
      }
    },
    patience,
  );

  const [small] = variants;
  const matrixUnits = isMatrix(small);
  const roundedOperands = matrixUnits ? 1 : 0;

  test(
    `transposed convolution, ${small}`,
    async () => {
      const [x, weight] = [draw([1, 5, 7, 20], 1, true), draw([20, 2, 2, 12], 2, false)];
      const geometry: ConvGeometry = { stride: [2, 2], padding: [0, 0], dilation: one, groups: 1 };
      const { half, single } = await inBoth(small, (dtype, variant) => [
        convTranspose2d(device.tensor(x.values, x.shape, dtype), device.tensor(weight.values, weight.shape), {
          stride: 2,
          variant,
        }),
      ]);
      expectWithinRounding(
        'result',
        exactly((a, b) => convInputGradientReference(a, b, geometry, [1, 10, 14, 12]), x, weight),
        { values: half[0], rounding: { terms: 20, roundedOperands, result: 'f16', matrixUnits } },
        { values: single[0], rounding: { terms: 20, result: 'f32' } },
      );
    },
    patience,
  );

  test(
    `product of f16 and f32, ${small}`,
    async () => {
      const [a, b] = [draw([70, 33], 1, true), draw([33, 66], 2, false)];
      const { half, single } = await inBoth(small, (dtype, variant) => [
        matmul(device.tensor(a.values, a.shape, dtype), device.tensor(b.values, b.shape), { variant }),
      ]);
      expectWithinRounding(
        'product',
        exactly((p, q) => matmulReference(p.values, p.shape, q.values, q.shape), a, b),
        { values: half[0], rounding: { terms: 33, roundedOperands, result: 'f32', matrixUnits } },
        { values: single[0], rounding: { terms: 33, result: 'f32' } },
      );
    },
    patience,
  );
}

const plain = await sharedDevice();
const variants = await offered(...(plain.traits.software ? (['tiled', 'lanes'] as const) : (['tiled'] as const)));
describe.skipIf(!plain.traits.f16)('on vectors of f16', () => kernelsOn(plain, variants));

const withUnits = await deviceWithMatrixUnits();
describe.skipIf(!withUnits)('on matrix units', () => {
  if (!withUnits) return;
  const { device, matrixUnits: unit } = withUnits;
  const variants = ['matrix', 'matrix-k32', 'matrix-128'] as const;
  kernelsOn(device, process.env.SONDE_TEST_CASES ? variants : variants.slice(0, 2), unit);

  // How a driver with subgroups of several sizes may surprise a kernel: with more of them than it has shares, or with
  // fewer.
  test.each([unit.subgroupSize, 2 * unit.subgroupSize, unit.subgroupSize / 2])(
    'laid out for subgroups of %i that may be of another size, with the statistics of a batch norm',
    async (subgroupSize) => {
      const matrixUnits = { ...unit, subgroupSize, sizeVaries: true };
      const [x, weight] = [draw([1, 9, 11, 8], 1, true), draw([72, 3, 3, 8], 2, true)];
      const [tx, tw] = [device.tensor(x.values, x.shape, 'f16'), device.tensor(weight.values, weight.shape)];
      const [bias, ones] = [device.full([72], 8), device.ones([72])];
      const [mean, variance] = [device.zeros([72]), device.ones([72])];
      const run = compile(
        () => {
          const y = conv2d(tx, tw, { padding: 1, bias, variant: 'matrix' });
          const running = { runningMean: mean, runningVar: variance, momentum: 1 };
          return [y, batchNorm(y, { weight: ones, bias: ones, training: true, ...running })];
        },
        { device, matrixUnits },
      );
      const { dispatches = [] } = await run.profile();
      expect(dispatches.map(({ label }) => label)).toEqual([
        ...['conv2d', 'batchNorm.combineStatistics', 'batchNorm.normalize', 'batchNorm.running', 'batchNorm.running'],
      ]);
      const [y] = await run();
      const values = await y.data();
      const exact = exactly(
        (a, b) => conv2dReference(a, b, { stride: one, padding: one, dilation: one, groups: 1 }),
        x,
        weight,
      );
      const shifted = {
        values: Float64Array.from(exact.values, (v) => v + 8),
        magnitudes: Float64Array.from(exact.magnitudes, (v) => v + 8),
      };
      const rounding = { terms: 73, result: 'f16', matrixUnits: true } as const;
      expectWithinRounding('result', shifted, { values, rounding }, { values: shifted.values, rounding });
      const expected = batchStatisticsReference(values, 72);
      expectClose(await mean.data(), expected.mean, 4, 'mean');
      expectClose(
        await variance.data(),
        expected.variance.map((v) => (v * 99) / 98),
        16,
        'variance',
      );
      run.dispose();
    },
    patience,
  );

  test(
    'the tuner chooses between them, vectors of f16 and of f32 for each layer and pass',
    async () => {
      const [x, weight] = [draw([1, 6, 6, 8], 1, true), draw([8, 3, 3, 8], 2, false)];
      const [tx, tw] = [device.tensor(x.values, x.shape, 'f16'), device.tensor(weight.values, weight.shape)];
      const options = { device, matrixUnits: unit };
      const run = compile((image: Tensor) => gradients(sum(cast(conv2d(image, tw), 'f32')), [image, tw]), options);
      const report = await tune(run, [tx], { repeats: 2 });
      expect(report).toEqual({ candidates: 2, measured: 2, struck: [] });
      const { entries } = JSON.parse(device.tuning.toText()) as { entries: TuningEntry[] };
      for (const { key, chosen, milliseconds } of entries) {
        expect(Object.keys(milliseconds), key).toEqual(
          unit.subgroupSize > 16
            ? expect.arrayContaining(['matrix', 'matrix-k32', 'tiled'])
            : ['matrix', 'matrix-k32', 'tiled', 'lanes'],
        );
        expect(milliseconds[chosen], key).toBe(Math.min(...Object.values(milliseconds)));
      }
      run.dispose();
    },
    patience,
  );
});
