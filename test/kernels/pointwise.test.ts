import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import * as ops from '../../src/index.js';
import {
  binaryReferences,
  comparisonReferences,
  predicateReferences,
  unaryReferences,
} from '../../src/kernels/elementwise/reference.js';
import { type Case, checkOperation, type Values } from '../support/check-operation.js';
import { sharedDevice } from '../support/device.js';

const device = await sharedDevice();
const anyShape = fc.array(fc.integer({ min: 1, max: 5 }), { maxLength: 3 });

interface Real {
  readonly run: (x: ops.Tensor) => ops.Tensor;
  /** Where the helper's values may lie, before they are halved or doubled. */
  readonly values?: Values;
  /** A chain that brings them into the domain. */
  readonly within?: readonly [scale: number, shift: number];
  readonly roundings?: number;
}

/** The largest error of values far from 0 as well, in roundings of the result; by name, as the reference has it. */
const real: Record<string, Real> = {
  rsqrt: { run: ops.rsqrt, values: 'positive' },
  reciprocal: { run: ops.reciprocal, values: 'positive' },
  log1p: { run: ops.log1p, values: 'positive', roundings: 32 },
  expm1: { run: ops.expm1, roundings: 64 },
  sin: { run: ops.sin },
  cos: { run: ops.cos },
  tan: { run: ops.tan, within: [0.2, 0], roundings: 16 },
  asin: { run: ops.asin, within: [0.2, 0], roundings: 16 },
  acos: { run: ops.acos, within: [0.2, 0], roundings: 16 },
  atan: { run: ops.atan },
  sinh: { run: ops.sinh, roundings: 64 },
  cosh: { run: ops.cosh, roundings: 64 },
  asinh: { run: ops.asinh, roundings: 32 },
  acosh: { run: ops.acosh, values: 'positive', within: [1, 1], roundings: 32 },
  atanh: { run: ops.atanh, within: [0.2, 0], roundings: 32 },
  erf: { run: ops.erf, roundings: 64 },
  softplus: { run: ops.softplus, roundings: 64 },
  silu: { run: ops.silu, roundings: 64 },
  mish: { run: ops.mish, roundings: 128 },
  gelu: { run: ops.gelu, roundings: 128 },
  'gelu by tanh': { run: (x) => ops.gelu(x, { approximate: 'tanh' }), roundings: 128 },
  leakyRelu: { run: ops.leakyRelu, values: 'nonzero' },
  elu: { run: ops.elu, values: 'nonzero', roundings: 64 },
  // Within 3, where its slope jumps.
  hardSwish: { run: ops.hardSwish, within: [0.6, 0], roundings: 16 },
};

describe('functions of one tensor', () => {
  test.each(Object.entries(real))(
    '%s',
    async (name, { run, values = 'any', within: [a, b] = [1, 0], roundings = 8 }) => {
      await checkOperation({
        cases: anyShape.map((shape): Case<null> => ({ inputs: [{ shape, values }], attributes: null })),
        run: ([x]) => run(ops.add(ops.mul(x, a), b)),
        reference: ([x]) => ({
          shape: x.shape,
          values: x.values.map((v) => unaryReferences[name](Math.fround(a) * v + b)),
        }),
        roundings: () => roundings,
        magnitude: 1,
        secondRoundings: 64 * roundings,
        effort: 0.2,
      });
    },
  );

  // Relative to each result, over many magnitudes; the helper's are relative to the largest.
  const wide = [1e-30, 1e-6, 1e-3, 0.1, 0.3, 0.39, 0.41, 0.5, 0.69, 0.71, 0.99, 1, 1.01, 2, 3, 5, 9];
  const far = [12.5, 30, 87, 100, 1000, 9999, 1e6, 1e10, 1e30];
  const domains: Record<string, (x: number) => boolean> = {
    tan: (x) => Math.abs(x) < 1e4,
    sin: (x) => Math.abs(x) < 1e4,
    cos: (x) => Math.abs(x) < 1e4,
    asin: (x) => Math.abs(x) <= 1,
    acos: (x) => Math.abs(x) <= 1,
    acosh: (x) => x >= 1,
    atanh: (x) => Math.abs(x) < 1,
    rsqrt: (x) => x > 0,
    log1p: (x) => x > -1,
    softplus: (x) => x > -80,
    // Far below 0 these tend to 0, and the error of their factor counts.
    ...{
      silu: (x) => x > -5 && x < 1e20,
      mish: (x) => x > -5,
      gelu: (x) => x > -2,
      'gelu by tanh': (x) => x > -2 && x < 1e9,
    },
  };
  test.each(Object.keys(real))('%s, from very small to very large numbers', async (name) => {
    const drawn = [...wide, ...far].flatMap((x) => [x, -x]).filter(domains[name] ?? (() => true));
    const x = device.tensor(drawn);
    const y = await real[name].run(x).data();
    for (const [i, value] of (await x.data()).entries()) {
      const expected = Math.fround(unaryReferences[name](value));
      if (Math.abs(expected) === Number.POSITIVE_INFINITY) expect(y[i], `${name}(${value})`).toBe(expected);
      // Where a function has a zero, sin of π among them, an absolute error counts.
      else
        expect(Math.abs(y[i] - expected), `${name}(${value}) is ${y[i]}, exactly ${expected}`).toBeLessThanOrEqual(
          (name === 'sin' || name === 'cos' ? 2 ** -22 : 0) + 2 ** -17 * Math.abs(expected),
        );
    }
  });
});

test('prelu, by x and by one slope for each channel', async () => {
  await checkOperation({
    cases: fc.integer({ min: 1, max: 5 }).map((channels): Case<null> => {
      return { inputs: [{ shape: [3, channels], values: 'nonzero' }, { shape: [channels] }], attributes: null };
    }),
    run: ([x, weight]) => ops.prelu(x, weight),
    reference: ([x, weight]) => ({
      shape: x.shape,
      values: x.values.map((v, i) => (v > 0 ? v : v * weight.values[i % weight.values.length])),
    }),
    roundings: () => 16,
    secondRoundings: 128,
    effort: 0.3,
  });
});

describe('rounding', () => {
  const values = [-2.5, -1.5, -0.5, -0.2, 0, 0.2, 0.5, 1.5, 2.5, 3.5, 1e10, Number.NaN, Infinity, -Infinity];
  test.each([
    ['floor', ops.floor],
    ['ceil', ops.ceil],
    ['round', ops.round],
    ['trunc', ops.trunc],
    ['sign', ops.sign],
  ] as const)('%s, with gradient 0', async (name, run) => {
    const x = device.tensor(values);
    const [dx] = ops.gradients(ops.sum(ops.add(run(x), ops.where(ops.isFinite(x), x, 0))), [x]);
    const exact = values.map((v) => (name === 'sign' && Number.isNaN(v) ? 0 : unaryReferences[name](v)) + 0);
    expect([...(await run(x).data())].map((v) => v + 0)).toEqual(exact);
    expect([...(await dx.data())]).toEqual(values.map((v) => (Number.isFinite(v) ? 1 : 0)));
    const whole = device.tensor([-3, 0, 7], [3], 'i32');
    expect([...(await run(whole).data())]).toEqual(name === 'sign' ? [-1, 0, 1] : [-3, 0, 7]);
  });
});

const pairs = fc
  .tuple(anyShape, fc.boolean())
  .map(([shape, spread]) => [shape, spread ? shape.map(() => 1) : shape] as const);

describe('pow and mod', () => {
  test.each([
    ['pow', ops.pow, 'positive', 256],
    ['mod', ops.mod, 'positive', 32],
  ] as const)('%s', async (name, run, values, roundings) => {
    const away = name === 'mod';
    await checkOperation({
      cases: pairs.map(([a, b]): Case<null> => {
        return {
          inputs: [
            { shape: a, values },
            { shape: b, values: 'positive' },
          ],
          attributes: null,
        };
      }),
      // Of mod the jumps are avoided: a lies between b and 2b.
      run: ([a, b]) => run(away ? ops.mul(ops.add(1.1, ops.mul(a, 0.1)), b) : a, b),
      reference: ([a, b]) => ({
        shape: a.shape,
        values: a.values.map((v, i) => {
          const other = b.values[b.values.length === 1 ? 0 : i];
          return binaryReferences[name](away ? (Math.fround(1.1) + Math.fround(0.1) * v) * other : v, other);
        }),
      }),
      roundings: () => roundings,
      secondRoundings: away ? undefined : 8192,
      effort: 0.3,
    });
  });

  const special = [Number.NaN, Infinity, -Infinity, 0, -0, 1, -1, 2, -2, 0.5, -0.5, 3, -3, 1e20];
  const grid = special.flatMap((a) => special.map((b) => [a, b] as const));
  test('pow of special values is what C and PyTorch make of them', async () => {
    const [a, b] = [0, 1].map((k) => device.tensor(grid.map((pair) => pair[k])));
    const y = await ops.pow(a, b).data();
    for (const [i, [base, exponent]] of grid.entries()) {
      // JavaScript alone has NaN for 1 ** NaN and (±1) ** ±∞.
      const one = base === 1 || (base === -1 && Math.abs(exponent) === Infinity);
      const expected = one ? 1 : Math.fround(base ** exponent);
      // Drivers may take what is below the smallest normal number for 0.
      const allowed = 2 ** -16 * Math.abs(expected) + 2 ** -126;
      const error = Object.is(y[i] + 0, expected + 0) ? 0 : Math.abs(y[i] - expected) / allowed;
      expect(error, `${base} ** ${exponent} is ${y[i]}, expected ${expected}`).toBeLessThanOrEqual(1);
    }
  });

  test('mod has the sign of the divisor, for whole numbers too', async () => {
    const cases = [5, -5].flatMap((a) => [3, -3].map((b) => [a, b]));
    const expected = [2, -1, 1, -2];
    for (const dtype of ['f32', 'i32'] as const) {
      const [a, b] = [0, 1].map((k) =>
        device.tensor(
          cases.map((pair) => pair[k]),
          [4],
          dtype,
        ),
      );
      expect([...(await ops.mod(a, b).data())], dtype).toEqual(expected);
    }
  });
});

describe('comparisons, of every type', () => {
  const { equal, notEqual, less, lessEqual, greater, greaterEqual, logicalAnd, logicalOr, logicalXor } = ops;
  const comparisons: Record<string, (a: ops.Tensor, b: ops.Tensor) => ops.Tensor> = {
    ...{ equal, notEqual, less, lessEqual, greater, greaterEqual },
    ...{ logicalAnd, logicalOr, logicalXor },
  };
  const predicates: Record<string, (x: ops.Tensor) => ops.Tensor> = {
    ...{ logicalNot: ops.logicalNot, isNaN: ops.isNaN, isInf: ops.isInf, isFinite: ops.isFinite },
  };
  const floats = [Number.NaN, Infinity, -Infinity, 0, -0, 1, 2];
  test.each(Object.keys(comparisons))('%s', async (name) => {
    const run = comparisons[name];
    for (const [dtype, values] of [
      ['f32', floats],
      ['i32', [-(2 ** 31), -1, 0, 1, 2 ** 24, 2 ** 24 + 1, 2 ** 31 - 1]],
      ['u32', [0, 1, 2 ** 24, 2 ** 24 + 1, 2 ** 31, 2 ** 32 - 1]],
      ['bool', [0, 1]],
    ] as const) {
      const grid = values.flatMap((a) => values.map((b) => [a, b] as const));
      const [a, b] = [0, 1].map((k) =>
        device.tensor(
          grid.map((pair) => pair[k]),
          [grid.length],
          dtype,
        ),
      );
      const result = run(a, b);
      expect(result.dtype).toBe('bool');
      expect([...(await result.data())], dtype).toEqual(grid.map(([p, q]) => Number(comparisonReferences[name](p, q))));
      // In a compiled chain, where the truth values stay in registers.
      const chain = ops.compile((p: ops.Tensor, q: ops.Tensor) => ops.where(run(p, q), 3, 2));
      expect([...(await (await chain(a, b)).data())], dtype).toEqual(
        grid.map(([p, q]) => (comparisonReferences[name](p, q) ? 3 : 2)),
      );
    }
  });

  test.each(Object.entries(predicateReferences))('%s', async (name, reference) => {
    const run = predicates[name];
    expect([...(await run(device.tensor(floats)).data())]).toEqual(floats.map((v) => Number(reference(v))));
    expect([...(await run(device.tensor([0, 5], [2], 'i32')).data())]).toEqual([0, 5].map((v) => Number(reference(v))));
  });
});

describe('where', () => {
  test('takes a gradient from what it chooses alone, also beside NaN', async () => {
    await checkOperation({
      cases: anyShape.map((shape): Case<null> => {
        return { inputs: [{ shape, values: 'nonzero' }, { shape: shape.slice(1) }], attributes: null };
      }),
      run: ([x, y]) => ops.where(ops.greater(x, 0), ops.mul(x, x), y),
      reference: ([x, y]) => ({
        shape: x.shape,
        values: x.values.map((v, i) => (v > 0 ? v * v : y.values[i % y.values.length])),
      }),
      roundings: () => 32,
      effort: 0.3,
    });
    const x = device.tensor([-1, 4]);
    const [dx] = ops.gradients(ops.sum(ops.where(ops.greater(x, 0), ops.sqrt(x), 0)), [x]);
    expect([...(await dx.data())]).toEqual([Number.NaN, 0.25]);
    const [dy] = ops.gradients(ops.sum(ops.where(ops.isNaN(device.tensor([Number.NaN, 1])), 7, x)), [x]);
    expect([...(await dy.data())]).toEqual([0, 1]);
  });

  test('wants a condition of bool', () => {
    expect(() => ops.where(device.ones([2]), 1, 0)).toThrow(/got f32 for condition.*expected bool.*cast\(x, 'bool'\)/);
  });
});
