import { describe, expect, expectTypeOf, test } from 'vitest';
import { cast, type Tensor, TensorError, type TensorOf } from '../../src/index.js';
import { sharedDevice } from '../support/device.js';

describe('data', () => {
  test('of u32 is a Uint32Array with every bit, and the compiler knows', async () => {
    const device = await sharedDevice();
    const bits = device.tensor([0, 1, 2 ** 24 + 1, 2 ** 32 - 1], [4], 'u32');
    const values = await bits.data();
    expectTypeOf(values).toEqualTypeOf<Uint32Array>();
    expect(values).toEqual(Uint32Array.of(0, 1, 2 ** 24 + 1, 2 ** 32 - 1));
    expect(await device.tensor([7], [], 'u32').item()).toBe(7);
    const anything: Tensor = bits;
    expectTypeOf(await anything.data()).toEqualTypeOf<Float32Array>();
  });

  test('of f32 and f16 is a Float32Array', async () => {
    const device = await sharedDevice();
    const x = device.tensor([0.1, -0, Number.NaN]);
    const values = await x.data();
    expectTypeOf(values).toEqualTypeOf<Float32Array>();
    expect(values).toEqual(Float32Array.of(0.1, -0, Number.NaN));
    if (!device.traits.f16) return;
    expect(await cast(device.tensor([0.1, 2]), 'f16').data()).toEqual(Float32Array.of(0.0999755859375, 2));
  });
});

describe('a tensor', () => {
  test('beside an operator of JavaScript throws, instead of becoming text or NaN', async () => {
    const device = await sharedDevice();
    const x = device.ones([2]);
    x.label = 'x';
    const scalar = device.ones([]);
    // Pages have no TypeScript to refuse these.
    const [a, b] = [x, scalar] as unknown as number[];
    const uses: (() => unknown)[] = [
      () => a + 1,
      () => 1 + b,
      () => a + b,
      () => a - 1,
      () => -b,
      () => +a,
      () => a * b,
      () => a ** 2,
      () => a < 1,
      () => 1 >= b,
      // biome-ignore lint/suspicious/noDoubleEquals: it is what this is about
      () => a == 1,
      () => Math.max(a, 1),
      () => Number(b),
    ];
    for (const use of uses) {
      expect(use).toThrow(TensorError);
      expect(use).toThrow(
        /a tensor \((x 2|scalar) f32\) is an operand of a JavaScript operator, such as \+, < or ==; use/,
      );
    }
  });

  test('is text in templates and messages', async () => {
    const device = await sharedDevice();
    const x: TensorOf<'u32'> = device.tensor([1, 2], [1, 2], 'u32');
    x.label = 'indices';
    expect([`${x}`, String(x), [x].join()]).toEqual(new Array(3).fill('indices 1×2 u32'));
  });
});
