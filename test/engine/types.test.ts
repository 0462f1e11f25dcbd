import { describe, expect, test } from 'vitest';
import * as ops from '../../src/index.js';
import { cast, type DType, type Tensor } from '../../src/index.js';
import { sharedDevice } from '../support/device.js';

// How types combine: docs/engine/types.md. Expected are PyTorch's, but that its int64 is i32 here and a tensor of one
// value counts as one without axes.

const device = await sharedDevice();
const make = (dtype: DType, ...values: number[]): Tensor => device.tensor(values, [values.length], dtype);
const types: readonly DType[] = device.traits.f16
  ? ['bool', 'i32', 'u32', 'f16', 'f32']
  : ['bool', 'i32', 'u32', 'f32'];

/** For operands of several values. */
const common: Readonly<Record<string, DType | undefined>> = {
  ...{ 'bool bool': 'bool', 'bool i32': 'i32', 'bool u32': 'u32', 'bool f16': 'f16', 'bool f32': 'f32' },
  ...{ 'i32 i32': 'i32', 'i32 u32': undefined, 'i32 f16': 'f16', 'i32 f32': 'f32' },
  ...{ 'u32 u32': 'u32', 'u32 f16': 'f16', 'u32 f32': 'f32', 'f16 f16': 'f16', 'f16 f32': 'f32', 'f32 f32': 'f32' },
};

const pairs = types.flatMap((a, i) => types.slice(i).map((b) => [a, b] as const));

describe('the type of a result', () => {
  test.each(pairs)('of %s and %s, either way, eager and compiled', async (a, b) => {
    const [x, y] = [make(a, 1, 0, 1), make(b, 1, 1, 0)];
    const expected = common[`${a} ${b}`];
    if (expected === undefined) {
      expect(() => ops.add(x, y)).toThrow(
        'add: i32 and u32 have no common type; cast one operand to the type of the other.',
      );
      return;
    }
    for (const [p, q] of [
      [x, y],
      [y, x],
    ]) {
      const sum = ops.add(p, q);
      expect(sum.dtype).toBe(expected);
      expect([...(await sum.data())]).toEqual(expected === 'bool' ? [1, 1, 1] : [2, 1, 1]);
      // In one kernel: what is between stays in registers, in its own type.
      const chain = ops.compile((u: Tensor, v: Tensor) => ops.maximum(ops.mul(ops.add(u, v), v), u));
      const eager = ops.maximum(ops.mul(ops.add(p, q), q), p);
      const compiled = await chain(p, q);
      expect(compiled.dtype).toBe(eager.dtype);
      expect([...(await compiled.data())]).toEqual([...(await eager.data())]);
    }
  });

  test('a single value and a number have a say only if they are of a later kind', () => {
    const many = (dtype: DType) => make(dtype, 1, 1, 1);
    const one = (dtype: DType) => device.tensor(1, [], dtype);
    for (const [result, expected] of [
      [ops.add(many('i32'), one('bool')), 'i32'],
      [ops.add(many('u32'), one('i32')), 'u32'],
      [ops.add(many('i32'), one('f32')), 'f32'],
      [ops.add(many('bool'), one('i32')), 'i32'],
      [ops.add(many('i32'), 2), 'i32'],
      [ops.add(many('u32'), 2), 'u32'],
      [ops.add(many('i32'), 0.5), 'f32'],
      [ops.add(many('bool'), 2), 'i32'],
      [ops.mul(many('f32'), 2), 'f32'],
      [ops.div(many('i32'), many('i32')), 'f32'],
      [ops.exp(many('i32')), 'f32'],
      [ops.exp(many('bool')), 'f32'],
      [ops.where(many('bool'), many('i32'), 0.5), 'f32'],
      [ops.where(many('bool'), 1, 0), 'i32'],
      [ops.less(many('i32'), 0.5), 'bool'],
    ] as const)
      expect(result.dtype).toBe(expected);
    if (!device.traits.f16) return;
    expect(ops.add(many('f16'), one('f32')).dtype).toBe('f16');
    expect(ops.add(many('f16'), 0.1).dtype).toBe('f16');
  });

  test('u32 and a negative number are refused', () => {
    expect(() => ops.greater(make('u32', 1, 2), -1)).toThrow(
      'greater: -1 beside a tensor of u32, which has no negative numbers',
    );
  });

  test('whole numbers are exact, and go round at the end', async () => {
    const big = make('i32', 2 ** 31 - 1, 2 ** 24 + 1);
    expect([...(await ops.add(big, 1).data())]).toEqual([-(2 ** 31), 2 ** 24 + 2]);
    expect([...(await ops.mul(big, big).data())]).toEqual([1, 2 ** 25 + 1]);
    expect([...(await ops.pow(make('i32', 3, -2, 7), make('i32', 19, 5, 0)).data())]).toEqual([3 ** 19, -32, 1]);
    expect([...(await ops.pow(make('i32', 3, -2), 2).data())]).toEqual([9, 4]);
    expect(() => ops.pow(make('i32', 3, 2), -1)).toThrow(/pow: a is i32 and b is -1.*cast\(a, 'f32'\)/);
    expect([...(await ops.sub(make('u32', 1, 5), make('u32', 2, 2)).data())]).toEqual([2 ** 32 - 1, 3]);
  });
});

describe('cast', () => {
  const floats = [Number.NaN, Infinity, -Infinity, -1.9, -0, 0.5, 2.9, 3e9, 2 ** 24 + 2];
  test.each([
    // Limits are those floats that the type holds.
    ['i32', [0, 2 ** 31 - 128, -(2 ** 31), -1, 0, 0, 2, 2 ** 31 - 128, 2 ** 24 + 2]],
    ['u32', [0, 2 ** 32 - 256, 0, 0, 0, 0, 2, 3e9, 2 ** 24 + 2]],
    ['bool', [1, 1, 1, 1, 0, 1, 1, 1, 1]],
  ] as const)('of floats to %s', async (dtype, expected) => {
    expect([...(await cast(device.tensor(floats), dtype).data())]).toEqual(expected);
  });

  test('of whole numbers', async () => {
    const x = make('i32', -1, 0, 2 ** 24 + 1);
    expect([...(await cast(x, 'u32').data())]).toEqual([2 ** 32 - 1, 0, 2 ** 24 + 1]);
    expect([...(await cast(x, 'bool').data())]).toEqual([1, 0, 1]);
    expect([...(await cast(cast(x, 'bool'), 'f32').data())]).toEqual([1, 0, 1]);
    expect([...(await cast(x, 'f32').data())]).toEqual([-1, 0, 2 ** 24]);
  });
});

test('gradients pass floats alone: whole numbers and truth values are constants', async () => {
  const x = device.tensor([1, 2, 3]);
  const n = make('i32', 2, 0, -1);
  const [dx] = ops.gradients(ops.sum(ops.mul(x, ops.mul(n, ops.greater(x, 1)))), [x]);
  expect([...(await dx.data())]).toEqual([0, 0, -1]);
  expect(() => ops.gradients(ops.sum(ops.mul(x, n)), [n])).toThrow(/does not depend on/);
});

describe('values in and out', () => {
  test.each([
    ['i32', Int32Array, [-(2 ** 31), 5]],
    ['u32', Uint32Array, [2 ** 32 - 1, 5]],
    ['bool', Uint8Array, [1, 0]],
  ] as const)('of %s', async (dtype, array, values) => {
    const x = device.tensor(values, [2], dtype);
    const data = await x.data();
    expect(data).toBeInstanceOf(array);
    expect([...data]).toEqual(values);
    x.write([1, 0]);
    expect(await ops.slice(x, { end: [1] }).item()).toBe(1);
  });

  test('true and false are values of bool alone', async () => {
    expect([...(await device.tensor([[true], [false]], undefined, 'bool').data())]).toEqual([1, 0]);
    expect(() => device.tensor([true])).toThrow("tensor: values[0] is true; make the tensor of dtype 'bool'.");
    expect(() => device.tensor([2], [1], 'bool')).toThrow('tensor: value 0 is 2; bool holds whole numbers from 0 to 1');
    expect(() => device.tensor([2 ** 31], [1], 'i32')).toThrow(
      'i32 holds whole numbers from -2147483648 to 2147483647',
    );
  });
});
