import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import * as ops from '../../src/index.js';
import { argsortReference, scatterReference, takeReference } from '../../src/kernels/indexing/reference.js';
import { cumsumReference } from '../../src/kernels/scan/reference.js';
import { type Case, checkOperation, shapes } from '../support/check-operation.js';
import { sharedDevice } from '../support/device.js';

const device = await sharedDevice();
const ints = (numbers: readonly number[], shape: readonly number[] = [numbers.length]) =>
  device.tensor(numbers, shape, 'i32');

interface Along {
  readonly axis: number;
  readonly index: number[];
  readonly indexShape: number[];
}

const size = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1);
const viewOf = (shape: readonly number[], axis: number) => ({
  outer: size(shape.slice(0, axis)),
  inner: size(shape.slice(axis + 1)),
});

/** A shape, an axis, and indices for an element of each list along it, from −extent to extent − 1, with repeats. */
const along = shapes(3, 5).chain((shape) =>
  fc.tuple(fc.nat({ max: 2 }), fc.integer({ min: 1, max: 7 })).chain(([axis, picked]) => {
    const indexShape = shape.with(axis, picked);
    const own = fc.integer({ min: -shape[axis], max: shape[axis] - 1 });
    return fc
      .array(own, { minLength: size(indexShape), maxLength: size(indexShape) })
      .map((index) => ({ shape, attributes: { axis, index, indexShape } }));
  }),
);

/** The same operands on the device of x: tests run on two. */
const indicesFor = (x: ops.Tensor, { index, indexShape }: Along) => x.device.tensor(index, indexShape, 'i32');

describe('indexing', () => {
  test('takeAlongAxis', async () => {
    await checkOperation({
      cases: along.map(({ shape, attributes }): Case<Along> => ({ inputs: [{ shape }], attributes })),
      run: ([x], attributes) => ops.takeAlongAxis(x, indicesFor(x, attributes), { axis: attributes.axis }),
      reference: ([x], { axis, index, indexShape }) => ({
        shape: indexShape,
        values: takeReference(x.values, x.shape[axis], index, viewOf(x.shape, axis)),
      }),
      roundings: () => 16,
      secondRoundings: 64,
    });
  });

  test('gather, with indices for all', async () => {
    await checkOperation({
      cases: along.map(({ shape, attributes: { axis, index } }): Case<Along> => {
        const own = index.slice(0, 6);
        return {
          inputs: [{ shape }],
          attributes: { axis, index: own, indexShape: own.length % 2 === 0 ? [own.length / 2, 2] : [own.length] },
        };
      }),
      run: ([x], attributes) => ops.gather(x, indicesFor(x, attributes), { axis: attributes.axis }),
      reference: ([x], { axis, index, indexShape }) => {
        const { outer, inner } = viewOf(x.shape, axis);
        const all = Array.from({ length: outer }, () => index.flatMap((own) => Array<number>(inner).fill(own))).flat();
        return {
          shape: [...x.shape.slice(0, axis), ...indexShape, ...x.shape.slice(axis + 1)],
          values: takeReference(x.values, x.shape[axis], all, { outer, inner }),
        };
      },
      roundings: () => 16,
      secondRoundings: 64,
    });
  });

  test('scatterAdd, by x and by what is added', async () => {
    await checkOperation({
      cases: along.map(({ shape, attributes }): Case<Along> => {
        return { inputs: [{ shape }, { shape: attributes.indexShape }], attributes };
      }),
      run: ([x, source], attributes) => ops.scatterAdd(x, indicesFor(x, attributes), source, { axis: attributes.axis }),
      reference: ([x, source], { axis, index }) => {
        const sums = scatterReference(source.values, x.shape[axis], index, viewOf(x.shape, axis));
        return { shape: x.shape, values: x.values.map((value, i) => value + sums[i]) };
      },
      roundings: () => 16,
      secondRoundings: 128,
    });
  });

  test('indices of u32 and beyond the ends: NaN, and nothing is added', async () => {
    const x = device.tensor([1, 2, 3]);
    expect([...(await ops.gather(x, ints([0, -3, 3, -4])).data())]).toEqual([1, 1, Number.NaN, Number.NaN]);
    const far = device.tensor([2, 3, 2 ** 32 - 1], [3], 'u32');
    expect([...(await ops.gather(x, far).data())]).toEqual([3, Number.NaN, Number.NaN]);
    expect([...(await ops.gather(ints([5, 6]), ints([1, 2])).data())]).toEqual([6, 0]);
    expect([...(await ops.scatterAdd(x, ints([3, -4, 1]), device.tensor([9, 9, 9])).data())]).toEqual([1, 11, 3]);
  });

  test('many meet at one index, and are added in their order: the same bits each time', async () => {
    const values = Float32Array.from({ length: 5000 }, (_, i) => Math.fround(Math.sin(i * i) * 1e4));
    const index = Array.from(values, (_, i) => (i * 7919) % 13);
    const sums = () => ops.scatterAdd(device.zeros([13]), ints(index), device.tensor(values)).data();
    const expected = new Float32Array(13);
    for (const [i, own] of index.entries()) expected[own] += values[i];
    const first = await sums();
    expect([...first]).toEqual([...expected]);
    expect([...(await sums())]).toEqual([...first]);
  });

  test('embedding, whose gradient adds up what repeats', async () => {
    const weight = device.tensor([1, 2, 3, 4, 5, 6], [3, 2]);
    const ids = ints([2, 0, 2], [1, 3]);
    const rows = ops.embedding(ids, weight);
    expect(rows.shape).toEqual([1, 3, 2]);
    expect([...(await rows.data())]).toEqual([5, 6, 1, 2, 5, 6]);
    const [slope] = ops.gradients(ops.sum(ops.square(ops.embedding(ids, weight))), [weight]);
    expect([...(await slope.data())]).toEqual([2, 4, 0, 0, 20, 24]);
  });

  test('oneHot', async () => {
    const rows = ops.oneHot(ints([1, 0, 3, -1], [2, 2]), 3);
    expect(rows.shape).toEqual([2, 2, 3]);
    expect([...(await rows.data())]).toEqual([0, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0]);
    expect(ops.oneHot(ints([1]), 3, { dtype: 'bool' }).dtype).toBe('bool');
    expect(() => ops.oneHot(device.ones([2]), 3)).toThrow(
      /oneHot: got a tensor \(2 f32\) for indices; give an i32 or u32 tensor/,
    );
  });
});

const lists = fc
  .tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 70 }), fc.integer({ min: 1, max: 3 }))
  .chain(([outer, extent, inner]) => fc.tuple(fc.constant([outer, extent, inner]), fc.boolean()));

describe('sorting', () => {
  test('sort, by values that differ', async () => {
    await checkOperation({
      cases: lists.map(([shape, descending]): Case<boolean> => {
        return { inputs: [{ shape, values: 'distinct' }], attributes: descending };
      }),
      run: ([x], descending) => ops.sort(x, { axis: 1, descending }).values,
      reference: ([x], descending) => {
        const [outer, extent, inner] = x.shape;
        const values = x.values.slice();
        for (let o = 0; o < outer; o++) {
          for (let i = 0; i < inner; i++) {
            const at = (k: number) => (o * extent + k) * inner + i;
            const list = Array.from({ length: extent }, (_, k) => x.values[at(k)]);
            for (const [k, from] of argsortReference(list, descending).entries()) values[at(k)] = list[from];
          }
        }
        return { shape: x.shape, values };
      },
      effort: 0.5,
    });
  });

  const special = [3, Number.NaN, -0, Infinity, 0, 1, -1, -Infinity, 1, Number.NaN, 1e-40, -3];
  test.each([
    ['f32', special],
    ['i32', [5, -(2 ** 31), 0, 2 ** 31 - 1, 5, -1]],
    ['u32', [5, 2 ** 32 - 1, 0, 2 ** 31, 5]],
    ['bool', [1, 0, 1, 0, 0]],
  ] as const)('argsort of %s keeps the order of equal values', async (dtype, values) => {
    for (const descending of [false, true]) {
      const order = ops.argsort(device.tensor(values, [values.length], dtype), { descending });
      expect(order.dtype).toBe('i32');
      // Drivers may take the subnormal number for 0.
      const kept = values.map((v) => (v === 1e-40 ? 1e-40 : v));
      expect([...(await order.data())]).toEqual(argsortReference(kept, descending));
    }
  });

  test('topK takes the largest, or the smallest, and says where they stand', async () => {
    const x = device.tensor([3, 9, 1, 9, 5, 0], [2, 3]);
    const largest = ops.topK(x, 2);
    expect([...(await largest.values.data())]).toEqual([9, 3, 9, 5]);
    expect([...(await largest.indices.data())]).toEqual([1, 0, 0, 1]);
    expect([...(await ops.topK(x, 1, { axis: 0, largest: false }).values.data())]).toEqual([3, 5, 0]);
    expect(() => ops.topK(x, 4)).toThrow('topK: k is 4 and axis 1 has 3 values; give at most as many.');
  });

  test('argmax and argmin take the first of equal values, and NaN', async () => {
    const x = device.tensor([3, 9, 1, 9, Number.NaN, 0], [2, 3]);
    expect([...(await ops.argmax(x, { axis: 1 }).data())]).toEqual([1, 1]);
    expect([...(await ops.argmin(x, { axis: 1 }).data())]).toEqual([2, 1]);
    expect([...(await ops.argmax(x, { axis: 0, keepDims: true }).data())]).toEqual([1, 1, 0]);
    expect(await ops.argmax(x).item()).toBe(4);
    expect(ops.argmin(x, { keepDims: true }).shape).toEqual([1, 1]);
    expect(await ops.argmax(ints([4, 7, 7])).item()).toBe(1);
  });
});

test('cumsum', async () => {
  await checkOperation({
    cases: lists.map(([shape, reverse]): Case<boolean> => ({ inputs: [{ shape }], attributes: reverse })),
    run: ([x], reverse) => ops.cumsum(x, { axis: 1, reverse }),
    reference: ([x], reverse) => ({
      shape: x.shape,
      values: cumsumReference(x.values, x.shape[1], x.shape[2], reverse),
    }),
    roundings: () => 32,
    secondRoundings: 512,
    effort: 0.5,
  });
  expect([...(await ops.cumsum(ints([1, 2, 3])).data())]).toEqual([1, 3, 6]);
  expect([...(await ops.cumsum(device.tensor([true, false, true], [3], 'bool')).data())]).toEqual([1, 1, 2]);
});
