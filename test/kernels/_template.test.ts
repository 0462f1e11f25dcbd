import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cast, gradients, sum } from '../../src/index.js';
import { rmsNorm } from '../../src/kernels/_template/index.js';
import { rmsNormReference } from '../../src/kernels/_template/reference.js';
import { type Case, checkOperation, expectClose, shapes } from '../support/check-operation.js';
import { sharedDevice } from '../support/device.js';

interface Attributes {
  readonly eps: number;
}

const device = await sharedDevice();
const eps = fc.constantFrom(1e-5, 0.5);
const rows = (shape: readonly number[], attributes: Attributes): Case<Attributes> => ({
  inputs: [{ shape }],
  attributes,
});

// src/kernels/README.md has an operation written by copying src/kernels/_template: this test holds the template to what
// it says.
describe('rmsNorm, the template of operations', () => {
  test.each([
    [
      'short rows',
      fc.tuple(
        fc.integer({ min: 1, max: 4 }).chain((rank) => shapes(rank)),
        eps,
      ),
      1,
    ],
    ['rows shared by 64 lanes', fc.tuple(fc.constantFrom([3, 33], [2, 1, 129]), eps), 0.25],
  ] as const)('%s: values, gradients and second derivatives', async (_, cases, effort) => {
    await checkOperation<Attributes>({
      cases: cases.map(([shape, e]) => rows(shape, { eps: e })),
      run: ([x], attributes) => rmsNorm(x, attributes),
      reference: ([{ shape, values }], attributes) => ({
        shape,
        values: rmsNormReference(values, shape[shape.length - 1], attributes.eps),
      }),
      // Sums of up to 129 squares; the driver's square root is good to two roundings or so.
      roundings: () => 32,
      gradientRoundings: () => 256,
      secondRoundings: 2 ** 12,
      magnitude: 1,
      effort,
    });
  });

  test.skipIf(!device.traits.f16)('computes f16 in f32, and rounds once', async () => {
    const values = Float32Array.from({ length: 5 * 40 }, (_, i) => Math.fround(Math.sin(i)));
    const x = cast(device.tensor(values, [5, 40]), 'f16');
    const stored = await x.data();
    const y = rmsNorm(x);
    expect(y.dtype).toBe('f16');
    // Half of the last place of f16 below 2, in roundings of f32.
    expectClose(await y.data(), rmsNormReference(stored, 40, 1e-5), 2 ** 14);
  });

  test('a NaN stays in its row', async () => {
    const x = device.tensor(Float32Array.from([1, Number.NaN, 2, 3, 4, 5]), [2, 3]);
    const rowsOf = async (tensor: { data(): Promise<ArrayLike<number>> }) =>
      Array.from(await tensor.data(), Number.isNaN);
    const [gradient] = gradients(sum(rmsNorm(x)), [x]);
    expect(await rowsOf(gradient)).toEqual([true, true, true, false, false, false]);
    expect(await rowsOf(rmsNorm(x))).toEqual([true, true, true, false, false, false]);
  });

  test('refuses a scalar, an unknown option and whole numbers', async () => {
    expect(() => rmsNorm(device.tensor([1], []))).toThrow('rmsNorm: x is a scalar');
    const x = device.tensor([1, 2], [2]);
    expect(() => rmsNorm(x, { epsilon: 1 } as object)).toThrow(
      'rmsNorm: there is no option epsilon; did you mean eps?',
    );
    expect(() => rmsNorm(device.tensor(new Uint32Array(2), [2], 'u32'))).toThrow('rmsNorm: got u32 for x');
  });
});
