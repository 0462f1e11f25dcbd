import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { broadcastShapes, broadcastStrides, sizeOf, stridesOf } from '../../src/engine/shape.js';
import * as ops from '../../src/index.js';
import { binaryReferences, unaryReferences } from '../../src/kernels/elementwise/reference.js';
import { type Case, checkOperation, type Reference, type Values } from '../support/check-operation.js';
import { sharedDevice } from '../support/device.js';

const anyShape = fc.array(fc.integer({ min: 1, max: 5 }), { maxLength: 4 });

// The driver's exp is off by 3.7e-6 relative over its range, log by 1e-7 absolute: 64 and 8 roundings.
const unary: Record<
  string,
  { run: (x: ops.Tensor) => ops.Tensor; values?: Values; roundings?: number; magnitude?: number }
> = {
  neg: { run: ops.neg },
  exp: { run: ops.exp, roundings: 64 },
  log: { run: ops.log, values: 'positive', roundings: 32 },
  sqrt: { run: ops.sqrt, values: 'positive' },
  square: { run: ops.square },
  abs: { run: ops.abs, values: 'nonzero' },
  relu: { run: ops.relu, values: 'nonzero' },
  sigmoid: { run: ops.sigmoid, roundings: 64, magnitude: 1 },
  tanh: { run: ops.tanh, roundings: 64, magnitude: 1 },
};

describe('unary operations', () => {
  test.each(Object.entries(unary))('%s', async (name, { run, values = 'any', roundings = 8, magnitude }) => {
    const cases = anyShape.map((shape): Case<null> => ({ inputs: [{ shape, values }], attributes: null }));
    await checkOperation({
      cases,
      run: ([x]) => run(x),
      reference: ([x]) => ({ shape: x.shape, values: x.values.map(unaryReferences[name]) }),
      roundings: () => roundings,
      magnitude,
      secondRoundings: 16 * roundings,
    });
  });
});

/** A shape and two that broadcast to it. */
const broadcastPair = fc
  .tuple(anyShape, fc.infiniteStream(fc.boolean()), fc.nat({ max: 4 }), fc.boolean())
  .map(([shape, ones, drop, swap]) => {
    const other = shape.slice(Math.min(drop, shape.length)).map((extent) => (ones.next().value ? 1 : extent));
    return swap ? [other, shape] : [shape, other];
  });

function broadcastReference(f: (a: number, b: number) => number, a: Reference, b: Reference): Reference {
  const shape = broadcastShapes('reference', a.shape, b.shape);
  const own = stridesOf(shape);
  const [strideA, strideB] = [broadcastStrides(a.shape, shape), broadcastStrides(b.shape, shape)];
  const at = (strides: number[], i: number) =>
    strides.reduce((sum, stride, axis) => sum + (Math.floor(i / own[axis]) % shape[axis]) * stride, 0);
  const values = Float64Array.from({ length: sizeOf(shape) }, (_, i) =>
    f(a.values[at(strideA, i)], b.values[at(strideB, i)]),
  );
  return { shape, values };
}

const binary: Record<string, { run: (a: ops.Tensor, b: ops.Tensor) => ops.Tensor; values?: Values }> = {
  add: { run: ops.add },
  sub: { run: ops.sub },
  mul: { run: ops.mul },
  div: { run: ops.div, values: 'positive' },
  maximum: { run: ops.maximum },
  minimum: { run: ops.minimum },
};

describe('binary operations, broadcast', () => {
  test.each(Object.entries(binary))('%s', async (name, { run, values = 'any' }) => {
    const cases = broadcastPair.map(
      ([a, b]): Case<null> => ({
        inputs: [
          { shape: a, values },
          { shape: b, values },
        ],
        attributes: null,
      }),
    );
    await checkOperation({
      cases,
      run: ([a, b]) => run(a, b),
      reference: ([a, b]) => broadcastReference(binaryReferences[name], a, b),
      // A gradient by a broadcast operand sums up to 625 products.
      roundings: () => 32,
      secondRoundings: 1024,
      effort: 2,
    });
  });

  test.each([
    ['add', (x: ops.Tensor) => ops.add(x, 3), (v: number) => v + 3],
    ['sub, number first', (x: ops.Tensor) => ops.sub(3, x), (v: number) => 3 - v],
    ['mul', (x: ops.Tensor) => ops.mul(2.5, x), (v: number) => 2.5 * v],
    ['div', (x: ops.Tensor) => ops.div(x, 4), (v: number) => v / 4],
    ['div, number first', (x: ops.Tensor) => ops.div(3, x), (v: number) => 3 / v],
    ['sub', (x: ops.Tensor) => ops.sub(x, 3), (v: number) => v - 3],
    ['maximum', (x: ops.Tensor) => ops.maximum(x, 1.3), (v: number) => Math.max(v, 1.3)],
    ['maximum, number first', (x: ops.Tensor) => ops.maximum(1.3, x), (v: number) => Math.max(v, 1.3)],
    ['minimum', (x: ops.Tensor) => ops.minimum(x, 1.3), (v: number) => Math.min(v, 1.3)],
    ['minimum, number first', (x: ops.Tensor) => ops.minimum(1.3, x), (v: number) => Math.min(v, 1.3)],
    ['clamp', (x: ops.Tensor) => ops.clamp(x, 0.7, 2), (v: number) => Math.min(Math.max(v, 0.7), 2)],
  ])('%s with numbers', async (_, run, reference) => {
    await checkOperation({
      cases: anyShape.map((shape): Case<null> => ({ inputs: [{ shape, values: 'positive' }], attributes: null })),
      run: ([x]) => run(x),
      reference: ([x]) => ({ shape: x.shape, values: x.values.map(reference) }),
      secondRoundings: 128,
    });
  });

  test('the same with numbers in a compiled chain, on either side', async () => {
    const device = await sharedDevice();
    const x = device.tensor([-2, 0.5, 3]);
    const body = (v: ops.Tensor) => ops.maximum(0, ops.sub(5, ops.div(6, ops.minimum(ops.mul(v, v), 4))));
    const eager = await body(x).data();
    const compiled = await ops.compile(body)(x);
    expect([...(await compiled.data())]).toEqual([...eager]);
    expect([...eager]).toEqual([3.5, 0, 3.5]);
  });

  test('a number divides, and is not multiplied by its reciprocal', async () => {
    const device = await sharedDevice();
    const values = Float32Array.from({ length: 1000 }, (_, i) => i + 1);
    const x = device.tensor(values);
    for (const divisor of [3, 7, 41, 49, 1e-3, 1e30]) {
      const number = await ops.div(x, divisor).data();
      const [dx] = ops.gradients(ops.sum(ops.mul(ops.div(x, divisor), x)), [x]);
      // Software drivers round division correctly; WGSL allows 2.5 units of the last place.
      const quotients = values.map((value) => value / Math.fround(divisor));
      expect([...number], `by ${divisor}`).toEqual([...quotients]);
      expect([...(await dx.data())], `gradient, by ${divisor}`).toEqual([...quotients.map((q) => q + q)]);
    }
    for (const value of [41, 49, 1e-30, 3e38]) {
      expect(await ops.div(device.tensor([value]), value).item(), `${value} / ${value}`).toBe(1);
      expect(await ops.div(device.tensor([value]), device.tensor([value])).item(), `${value} / ${value}`).toBe(1);
    }
  });

  test('comparisons give 1 and 0', async () => {
    const device = await sharedDevice();
    const x = device.tensor([1, 2, 3]);
    expect([...(await ops.equal(x, 2).data())]).toEqual([0, 1, 0]);
    expect([...(await ops.greater(x, 2).data())]).toEqual([0, 0, 1]);
    expect([...(await ops.greater(2, x).data())]).toEqual([1, 0, 0]);
    const [a, b] = [device.tensor([1, 2, 3]), device.tensor([2, 2, 2])];
    expect([...(await ops.equal(a, b).data())]).toEqual([0, 1, 0]);
    expect([...(await ops.greater(a, b).data())]).toEqual([0, 0, 1]);
  });

  test('equal operands of maximum share the gradient', async () => {
    const device = await sharedDevice();
    const [a, b] = [device.tensor([1, 2]), device.tensor([1, 3])];
    const [da, db] = ops.gradients(ops.sum(ops.maximum(a, b)), [a, b]);
    expect([...(await da.data())]).toEqual([0.5, 0]);
    expect([...(await db.data())]).toEqual([0.5, 1]);
  });

  test('the gradient of relu at 0 is 0', async () => {
    const device = await sharedDevice();
    const x = device.tensor([-1, 0, 1]);
    const [dx] = ops.gradients(ops.sum(ops.relu(x)), [x]);
    expect([...(await dx.data())]).toEqual([0, 0, 1]);
  });

  test('shapes that do not broadcast are refused with both shapes', async () => {
    const device = await sharedDevice();
    expect(() => ops.add(device.zeros([2, 3]), device.zeros([4]))).toThrow(/shapes 2×3 and 4 do not broadcast/);
  });
});
