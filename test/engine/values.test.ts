import { beforeAll, describe, expect, test } from 'vitest';
import { cast, type Device, pad, TensorError, type Values } from '../../src/index.js';
import { sharedDevice } from '../support/device.js';

let device: Device;
beforeAll(async () => {
  device = await sharedDevice();
});

const words = async (x: ReturnType<Device['tensor']>) => [...new Uint32Array(await device.read(x))];

describe('device.tensor', () => {
  test.each<[Values, number[], number[]]>([
    [
      [
        [1, 2],
        [3, 4],
      ],
      [2, 2],
      [1, 2, 3, 4],
    ],
    [[[[1], [2], [3]]], [1, 3, 1], [1, 2, 3]],
    [
      [new Float32Array([1, 2, 3]), [4, 5, 6]],
      [2, 3],
      [1, 2, 3, 4, 5, 6],
    ],
    [new Int8Array([-1, 2]), [2], [-1, 2]],
    [7, [], [7]],
    [[Number.NaN, Number.POSITIVE_INFINITY], [2], [Number.NaN, Number.POSITIVE_INFINITY]],
  ])('takes %j, nested as the axes are', async (values, shape, flat) => {
    const x = device.tensor(values);
    expect(x.shape).toEqual(shape);
    expect([...(await x.data())]).toEqual(flat);
  });

  test('takes nested values for another shape of as many', () => {
    expect(
      device.tensor(
        [
          [1, 2],
          [3, 4],
        ],
        [4],
      ).shape,
    ).toEqual([4]);
  });

  test.each<[unknown, string]>([
    [[undefined], 'values[0] is undefined'],
    [
      [
        [1, 2],
        [3, undefined],
      ],
      'values[1][1] is undefined',
    ],
    [['1'], "values[0] is '1'"],
    [[1, null], 'values[1] is null'],
    [[true], 'values[0] is true'],
    [[[1, 2], [3]], 'values[1] is of length 1, and values[0] is of length 2'],
    [[[1, 2], 3], 'values[1] is 3, and values[0] is of length 2'],
    [[1, [2]], 'values[1] is [2]; nest all values equally deep'],
    [[[1], [[2]]], 'values[1][0] is [2]; nest all values equally deep'],
    [new BigInt64Array(2), 'values[0] is the BigInt 0n; convert BigInts with Number'],
    [[1n], 'values[0] is the BigInt 1n'],
    ['12', "values are '12'; give an array of numbers"],
    [undefined, 'values are undefined'],
    [new DataView(new ArrayBuffer(4)), 'values are of type DataView'],
    [Array(2), 'values[0] is undefined'],
  ])('refuses %s', (values, sentence) => {
    const before = device.memory().bytes;
    expect(() => device.tensor(values as Values)).toThrow(TensorError);
    expect(() => device.tensor(values as Values)).toThrow(`tensor: ${sentence}`);
    expect(device.memory().bytes).toBe(before);
  });

  test.each([[[-1]], [[0.5]], [[2 ** 32]], [[Number.NaN]], [new Int32Array([-1])], [new Float32Array([1.5])]])(
    'of u32 refuses %s',
    (values) => {
      expect(() => device.tensor(values, [1], 'u32')).toThrow(
        /value 0 is .*u32 holds whole numbers from 0 to 4294967295/,
      );
    },
  );

  test('of u32 takes whole numbers of any array', async () => {
    const ends = [0, 2 ** 32 - 1];
    for (const values of [ends, new Float64Array(ends), new Uint32Array(ends)]) {
      expect(await words(device.tensor(values, [2], 'u32'))).toEqual(ends);
    }
  });
});

test('write refuses the same', () => {
  const x = device.zeros([2]);
  expect(() => x.write([1, undefined] as unknown as number[])).toThrow('write: values[1] is undefined');
  expect(() => x.write([1])).toThrow('write: 1 values for shape 2');
});

test('u32 is moved and padded as u32, whatever the bits would mean as floats', async () => {
  // Small numbers are subnormal floats, large ones NaN.
  const x = device.tensor([1, 0x7fc00001, 0xffffffff], [3], 'u32');
  expect(await words(pad(x, [[1, 1]], { value: 7 }))).toEqual([7, 1, 0x7fc00001, 0xffffffff, 7]);
});

test('cast makes numbers of u32, exact up to 2²⁴, and u32 of numbers', async () => {
  const x = device.tensor([0, 5, 2 ** 24, 2 ** 32 - 1], [4], 'u32');
  expect([...(await cast(x, 'f32').data())]).toEqual([0, 5, 2 ** 24, 2 ** 32]);
  expect([...(await cast(cast(x, 'f32'), 'u32').data())]).toEqual([0, 5, 2 ** 24, 2 ** 32 - 256]);
});
