import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import * as ops from '../../src/index.js';
import { reduceReference } from '../../src/kernels/reduce/reference.js';
import { type Case, checkOperation, type Values } from '../support/check-operation.js';
import { sharedDevice } from '../support/device.js';

const device = await sharedDevice();

interface Attributes {
  readonly axes: number[];
  readonly keepDims: boolean;
}

const sumOf = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);
const varianceOf = (values: readonly number[], correction: number) => {
  const mean = sumOf(values) / values.length;
  return sumOf(values.map((v) => (v - mean) ** 2)) / Math.max(0, values.length - correction);
};

interface Reduction {
  readonly run: (x: ops.Tensor, options: ops.ReduceOptions) => ops.Tensor;
  readonly fold: (values: number[]) => number;
  readonly values: Values;
  readonly roundings?: number;
}

const reductions: Record<string, Reduction> = {
  min: { run: ops.min, fold: (v) => Math.min(...v), values: 'distinct' },
  prod: { run: ops.prod, fold: (v) => v.reduce((a, b) => a * b, 1), values: 'nonzero' },
  variance: {
    run: (x, options) => ops.variance(x, { correction: 0, ...options }),
    fold: (v) => varianceOf(v, 0),
    values: 'any',
  },
  std: {
    run: (x, options) => ops.std(ops.concat([x, ops.add(ops.mul(x, 0), 5)], { axis: 0 }), options),
    fold: (v) => Math.sqrt(varianceOf(v, 1)),
    values: 'any',
  },
  norm: { run: ops.norm, fold: (v) => Math.hypot(...v), values: 'nonzero' },
  'norm of order 3': {
    run: (x, options) => ops.norm(x, { p: 3, ...options }),
    fold: (v) => Math.cbrt(sumOf(v.map((own) => Math.abs(own) ** 3))),
    values: 'nonzero',
    roundings: 512,
  },
  logSumExp: { run: ops.logSumExp, fold: (v) => Math.log(sumOf(v.map(Math.exp))), values: 'any', roundings: 128 },
};

describe('reductions made of others', () => {
  test.each(Object.entries(reductions))('%s', async (name, { run, fold, values, roundings = 64 }) => {
    // Std is of a doubled first axis, so that no group is all equal: its slope there is infinite.
    const doubled = name === 'std';
    const cases = fc
      .array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 3 })
      .chain((shape) => fc.tuple(fc.constant(shape), fc.subarray(shape.map((_, axis) => axis)), fc.boolean()))
      .map(([shape, axes, keepDims]): Case<Attributes> => {
        return { inputs: [{ shape, values }], attributes: { axes: doubled ? [0] : axes, keepDims } };
      });
    await checkOperation({
      cases,
      run: ([x], options) => run(x, options),
      reference: ([x], { axes, keepDims }) =>
        doubled
          ? reduceReference([2 * x.shape[0], ...x.shape.slice(1)], twice(x.values), axes, keepDims, fold)
          : reduceReference(x.shape, x.values, axes, keepDims, fold),
      roundings: () => roundings,
      magnitude: 1,
      effort: 0.5,
    });
  });

  const twice = (values: Float64Array) => Float64Array.from([...values, ...values.map(() => 5)]);

  test('the gradient of a product is exact where factors are 0', async () => {
    const x = device.tensor([2, 0, 3, 0, 4, 5], [2, 3]);
    const [dx] = ops.gradients(ops.sum(ops.prod(x, { axes: [1] })), [x]);
    expect([...(await dx.data())]).toEqual([0, 6, 0, 20, 0, 0]);
  });

  test('the norm of 0 has gradient 0, of every order', async () => {
    const x = device.zeros([3]);
    for (const p of [0.5, 1, 2, 3]) {
      const [dx] = ops.gradients(ops.norm(x, { p }), [x]);
      expect([...(await dx.data())], `p = ${p}`).toEqual([0, 0, 0]);
    }
    const y = device.tensor([0, -3, 2]);
    expect(await Promise.all([0, 1, Infinity, -Infinity].map((p) => ops.norm(y, { p }).item()))).toEqual([2, 5, 3, 0]);
  });

  test('logSumExp neither overflows nor loses infinity', async () => {
    const x = device.tensor([1000, 1000, -Infinity, -Infinity, 1, Infinity], [3, 2]);
    const y = await ops.logSumExp(x, { axes: [1] }).data();
    expect([...y].map((v) => Math.round(v * 1e3) / 1e3)).toEqual([1000.693, -Infinity, Infinity]);
  });

  test('all, any and sums of bool; whole numbers stay whole', async () => {
    const x = device.tensor([0, 2, 3, 0, 0, 0], [2, 3]);
    expect([...(await ops.any(x, { axes: [1] }).data())]).toEqual([1, 0]);
    expect([...(await ops.all(x, { axes: [0] }).data())]).toEqual([0, 0, 0]);
    expect([...(await ops.all(ops.greaterEqual(x, 0)).data())]).toEqual([1]);
    const count = ops.sum(ops.greater(x, 1));
    expect([count.dtype, await count.item()]).toEqual(['i32', 2]);
    const whole = device.tensor([2 ** 24 + 1, 2, -7], [3], 'i32');
    for (const [run, expected] of [
      [ops.sum, 2 ** 24 - 4],
      [ops.max, 2 ** 24 + 1],
      [ops.min, -7],
    ] as const)
      expect([run(whole).dtype, await run(whole).item()]).toEqual(['i32', expected]);
    expect(await ops.prod(device.tensor([3, -4, 5], [3], 'i32')).item()).toBe(-60);
    expect(() => ops.mean(whole)).toThrow(/mean: got i32 for x.*cast\(x, 'f32'\)/);
  });

  test('detach is a constant', async () => {
    const x = device.tensor([3]);
    const [dx] = ops.gradients(ops.sum(ops.mul(x, ops.detach(x))), [x]);
    expect(await dx.item()).toBe(3);
  });
});
