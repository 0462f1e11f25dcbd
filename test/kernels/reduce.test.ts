import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import * as ops from '../../src/index.js';
import { folds, reduceReference } from '../../src/kernels/reduce/reference.js';
import { type Case, checkOperation, expectClose, type Values } from '../support/check-operation.js';
import { sharedDevice } from '../support/device.js';

interface Attributes {
  axes: number[];
  keepDims: boolean;
}

const reduced = (values: Values) =>
  fc
    .array(fc.integer({ min: 1, max: 7 }), { minLength: 1, maxLength: 4 })
    .chain((shape) => fc.tuple(fc.constant(shape), fc.subarray(shape.map((_, axis) => axis)), fc.boolean()))
    .map(
      ([shape, axes, keepDims]): Case<Attributes> => ({ inputs: [{ shape, values }], attributes: { axes, keepDims } }),
    );

const operations: Record<string, { run: (x: ops.Tensor, options: ops.ReduceOptions) => ops.Tensor; values: Values }> = {
  sum: { run: ops.sum, values: 'any' },
  mean: { run: ops.mean, values: 'any' },
  sumOfSquares: { run: ops.sumOfSquares, values: 'any' },
  max: { run: ops.max, values: 'distinct' },
};

describe('reductions over any axes', () => {
  test.each(Object.entries(operations))('%s', async (name, { run, values }) => {
    await checkOperation({
      cases: reduced(values),
      run: ([x], options) => run(x, options),
      reference: ([x], { axes, keepDims }) => reduceReference(x.shape, x.values, axes, keepDims, folds[name]),
      roundings: () => 64,
      effort: 2,
    });
  });

  test('equal maxima share the gradient evenly, as torch.amax', async () => {
    const device = await sharedDevice();
    const x = device.tensor([1, 3, 3, 2, 3, 0], [2, 3]);
    const [dx] = ops.gradients(ops.sum(ops.max(x, { axes: [1] })), [x]);
    expect([...(await dx.data())]).toEqual([0, 0.5, 0.5, 0, 1, 0]);
  });

  test.each([
    [[200_003], [0]],
    [[3, 50_001, 2], [1]],
    [[40_000, 5], [0]],
    [[5, 40_000], [1]],
    [[70_000, 3], [1]],
  ])('%j over %j: several passes agree with float64', async (shape, axes) => {
    const device = await sharedDevice();
    const x = device.randn(shape, 7);
    const expected = reduceReference(shape, Float64Array.from(await x.data()), axes, false, folds.sum);
    const total = ops.sum(x, { axes });
    expect(total.shape).toEqual(expected.shape);
    expectClose(await total.data(), expected.values, 64);
    for (const tensor of [x, total]) tensor.dispose();
  });

  test('an axis that does not exist is refused by number', async () => {
    const device = await sharedDevice();
    expect(() => ops.sum(device.zeros([2, 3]), { axes: [2] })).toThrow(
      /axis 2 is not an axis of a tensor of rank 2; use -2 to 1/,
    );
    expect(() => ops.sum(device.zeros([2, 3]), { axes: [1, -1] })).toThrow(/name an axis twice/);
  });
});
