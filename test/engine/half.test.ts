import { Float16Array } from '@petamoriken/float16';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { add, cast, compile, gradients, mul, reshape, square, sum, type Tensor } from '../../src/index.js';
import { checkedDevice, sharedDevice } from '../support/device.js';

const device = await sharedDevice();

describe.skipIf(!device.traits.f16)('tensors of f16', () => {
  const numbers = fc.array(fc.float({ noNaN: true, min: -60_000, max: 60_000 }), { minLength: 1, maxLength: 70 });

  test('hold what was written, rounded to the nearest, whatever their number', () =>
    fc.assert(
      fc.asyncProperty(numbers, async (values) => {
        const tensor = device.tensor(values, [values.length], 'f16');
        expect(await tensor.data()).toEqual(Float32Array.from(Float16Array.from(values)));
        tensor.dispose();
      }),
      { numRuns: 20 },
    ));

  test('cast: to f16 and back, as rounding to the nearest; beyond 65504 infinite', () =>
    fc.assert(
      fc.asyncProperty(numbers, async (values) => {
        const back = cast(cast(device.tensor([...values, 1e6], [values.length + 1]), 'f16'), 'f32');
        expect(await back.data()).toEqual(Float32Array.from(Float16Array.from([...values, 1e6])));
        back.dispose();
      }),
      { numRuns: 20 },
    ));

  test('take half of the memory in a program', async () => {
    const x = device.tensor(new Float32Array(4096), [4096], 'f16');
    const y = device.tensor(new Float32Array(4096), [4096]);
    // A reshape in between keeps both products from joining one kernel.
    const run = compile((a: Tensor) => sum(square(reshape(mul(a, 2), [64, 64]))));
    const bytes: number[] = [];
    for (const tensor of [x, y]) {
      await run(tensor);
      bytes.push(run.memory().lowerBound);
      run.dispose();
    }
    expect(bytes[0]).toBeLessThan(0.6 * bytes[1]);
  });

  test('elementwise: computed in f32, rounded once; f32 wins over f16; single values decide nothing', async () => {
    const a = device.tensor([1, 2048, 3], [3], 'f16');
    const b = device.tensor([2 ** -11, 1, -3], [3], 'f16');
    expect(add(a, b).dtype).toBe('f16');
    expect(await add(a, b).data()).toEqual(new Float32Array([1, 2048, 0]));
    const wide = device.tensor([2 ** -11, 1, -3], [3]);
    expect(add(a, wide).dtype).toBe('f32');
    expect(await add(a, wide).data()).toEqual(new Float32Array([1 + 2 ** -11, 2049, 0]));
    expect(mul(a, device.tensor([0.5], [1])).dtype).toBe('f16');
    const column = device.tensor([1, 2], [2, 1], 'f16');
    expect(await mul(column, a).data()).toEqual(new Float32Array([1, 2048, 3, 2, 4096, 6]));
  });

  test('gradients have the type of their tensor, and reach through casts', async () => {
    const weight = device.tensor([0.1, -3, 7], [3]);
    const run = compile(
      () => {
        const half = cast(weight, 'f16');
        const loss = sum(cast(square(add(half, half)), 'f32'));
        return gradients(loss, [weight, half]);
      },
      { device },
    );
    const [dw, dh] = await run();
    expect([dw.dtype, dh.dtype]).toEqual(['f32', 'f16']);
    const expected = Array.from(Float16Array.from([0.1, -3, 7]), (w) => 8 * w);
    expect(Array.from(await dw.data())).toEqual(Array.from(Float16Array.from(expected)));
  });

  test('checked mode finds an infinity among halves, and none in the padding', async () => {
    const checked = await checkedDevice();
    const fine = cast(checked.tensor([1, 2, 3], [3]), 'f16');
    expect(await fine.data()).toEqual(new Float32Array([1, 2, 3]));
    for (const place of [0, 1, 2]) {
      const values = [1, 2, 3];
      values[place] = 7e4;
      await expect(cast(checked.tensor(values, [3]), 'f16').data()).rejects.toThrow(/cast/);
    }
  });
});
