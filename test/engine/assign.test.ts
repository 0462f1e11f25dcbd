import { describe, expect, test } from 'vitest';
import { assignAll } from '../../src/engine/effects.js';
import {
  Adam,
  add,
  assign,
  compile,
  type Device,
  gradients,
  mul,
  reshape,
  SGD,
  square,
  sum,
  type Tensor,
  TensorError,
} from '../../src/index.js';
import { checkedDevice, sharedDevice } from '../support/device.js';
import { accumulateInPlace } from './operations.js';

/** x + 1, in place where the planner allows it. */
function increment(x: Tensor): Tensor {
  return accumulateInPlace(x, x.device.full(x.shape, 1));
}

const SIZE = 100;

/** A stored tensor large enough to have a buffer of its own. */
function filled(device: Device, value: number): Tensor {
  return device.full([SIZE], value);
}

async function firstOf(tensor: Tensor): Promise<number> {
  const values = await tensor.data();
  expect(new Set(values).size, 'all values are equal').toBe(1);
  return values[0];
}

describe.each([
  ['planned', sharedDevice],
  ['in checked mode', checkedDevice],
])('assign within a compiled function, %s', (_, open) => {
  test('later operations see the new value, earlier ones the old', async () => {
    const device = await open();
    const a = filled(device, 1);
    const f = compile(
      (x: Tensor) => {
        const before = mul(a, 10);
        assign(a, add(a, x));
        const between = mul(a, 10);
        assign(a, add(a, x));
        return { before, between, after: mul(a, 10), a };
      },
      { device },
    );
    const result = await f(5);
    expect(await firstOf(result.before)).toBe(10);
    expect(await firstOf(result.between)).toBe(60);
    expect(await firstOf(result.after)).toBe(110);
    expect(await firstOf(result.a)).toBe(11);
    expect(await firstOf(a)).toBe(11);
  });

  test('runs in the order of the lines: a ← b, b ← a leaves both at b', async () => {
    const device = await open();
    const [a, b] = [filled(device, 1), filled(device, 2)];
    const f = compile(
      () => {
        assign(a, b);
        assign(b, a);
      },
      { device },
    );
    await f();
    expect([await firstOf(a), await firstOf(b)]).toEqual([2, 2]);
  });

  test('swaps by way of a view of the old value', async () => {
    const device = await open();
    const [a, b] = [filled(device, 1), filled(device, 2)];
    const f = compile(
      () => {
        const old = reshape(reshape(a, [10, 10]), [SIZE]);
        assign(a, b);
        assign(b, old);
      },
      { device },
    );
    await f();
    expect([await firstOf(a), await firstOf(b)]).toEqual([2, 1]);
    await f();
    expect([await firstOf(a), await firstOf(b)]).toEqual([1, 2]);
  });

  test('rotates three scalars that share a slab', async () => {
    const device = await open();
    const [a, b, c] = [1, 2, 3].map((value) => device.tensor([value]));
    const f = compile(
      () => {
        const old = add(a, 0);
        assign(a, b);
        assign(b, c);
        assign(c, old);
      },
      { device },
    );
    await f();
    expect([await a.item(), await b.item(), await c.item()]).toEqual([2, 3, 1]);
  });

  test('to an argument, and of a value that is also returned', async () => {
    const device = await open();
    const [a, b] = [filled(device, 1), filled(device, 2)];
    const f = compile((x: Tensor) => {
      assign(a, x);
      const twice = mul(x, 2);
      assign(b, twice);
      return twice;
    });
    const result = await f(filled(device, 21));
    expect([await firstOf(a), await firstOf(b), await firstOf(result)]).toEqual([21, 42, 42]);
  });

  // Each function updates `a` with an operation that may work in place, and keeps something of the old value.
  const keeping: Record<string, (a: Tensor) => Tensor> = {
    'read after the update': (a) => {
      const next = increment(a);
      const old = mul(a, 10);
      assign(a, next);
      return old;
    },
    'returned as it was': (a) => {
      const next = increment(a);
      const old = a;
      const kept = reshape(old, [10, 10]);
      assign(a, next);
      return reshape(kept, [SIZE]);
    },
    'read through a view after the update': (a) => {
      const view = reshape(a, [10, 10]);
      const next = increment(a);
      const old = mul(view, 10);
      assign(a, next);
      return reshape(old, [SIZE]);
    },
  };
  test.each(Object.entries(keeping))('an update in place does not change what is %s', async (name, body) => {
    const device = await open();
    const a = filled(device, 1);
    const f = compile(() => body(a), { device });
    const scale = name.startsWith('returned') ? 1 : 10;
    expect(await firstOf(await f())).toBe(scale);
    expect(await firstOf(a)).toBe(2);
    expect(await firstOf(await f())).toBe(2 * scale);
    expect(await firstOf(a)).toBe(3);
  });

  test('an operation in place may have the same tensor as another input', async () => {
    const device = await open();
    const a = filled(device, 1);
    const f = compile((x: Tensor) => {
      assign(a, accumulateInPlace(a, a));
      const hidden = mul(x, 3);
      return accumulateInPlace(hidden, reshape(reshape(hidden, [10, 10]), [SIZE]));
    });
    const result = await f(filled(device, 1));
    expect([await firstOf(a), await firstOf(result)]).toEqual([2, 6]);
  });

  test('an intermediate that is read again is not updated in place', async () => {
    const device = await open();
    const f = compile((x: Tensor) => {
      const hidden = mul(x, 2);
      const next = increment(hidden);
      return { sum: add(next, hidden), next };
    });
    const result = await f(filled(device, 3));
    expect([await firstOf(result.sum), await firstOf(result.next)]).toEqual([13, 7]);
  });

  test('a parameter read after the update of its optimizer has the new value', async () => {
    const device = await open();
    const parameters = [device.tensor([1, 2, 3]), device.tensor([4])];
    const sgd = new SGD();
    const f = compile(
      (x: Tensor) => {
        const before = add(parameters[0], 0);
        const loss = mul(x, add(sum(parameters[0]), sum(parameters[1])));
        sgd.update(parameters, gradients(loss, parameters), 1);
        return { before, after: mul(parameters[0], 10), parameter: parameters[1] };
      },
      { device },
    );
    for (const step of [0, 1]) {
      const { before, after, parameter } = await f(0.5);
      expect([...(await before.data())]).toEqual([1 - step / 2, 2 - step / 2, 3 - step / 2]);
      expect([...(await after.data())]).toEqual([5 - 5 * step, 15 - 5 * step, 25 - 5 * step]);
      expect(await parameter.item()).toBe(3.5 - step / 2);
    }
  });

  test('two updates in one function are two steps', async () => {
    const device = await open();
    const make = () => [device.tensor([1, -2, 3]), device.tensor([0.5])];
    const [once, twice] = [make(), make()];
    const loss = ([a, b]: Tensor[]) => add(sum(square(a)), mul(sum(a), sum(b)));
    const [adam1, adam2] = [new Adam(), new Adam()];
    const single = compile(() => adam1.update(once, gradients(loss(once), once), 0.1), { device });
    const double = compile(
      () => {
        for (let i = 0; i < 2; i++) adam2.update(twice, gradients(loss(twice), twice), 0.1);
      },
      { device },
    );
    for (let i = 0; i < 4; i++) await single();
    for (let i = 0; i < 2; i++) await double();
    for (const [i, tensor] of once.entries()) {
      expect([...(await twice[i].data())]).toEqual([...(await tensor.data())]);
    }
  });
});

describe('assign within a compiled function', () => {
  test('works in place where nothing needs the old value: no copies', async () => {
    const device = await sharedDevice();
    const a = filled(device, 1);
    const f = compile(() => assign(a, increment(a)), { device });
    await f();
    await f();
    expect(await firstOf(a)).toBe(3);
    expect(f.memory().planned).toBe(0);
  });

  test('of a part of an arena, and then use of the whole, is refused', async () => {
    const device = await sharedDevice();
    const parameters = [device.tensor([1, 2]), device.tensor([3])];
    const sgd = new SGD();
    const f = compile(
      () => {
        const derivatives = gradients(add(sum(parameters[0]), sum(parameters[1])), parameters);
        assign(parameters[0], mul(parameters[0], 0.5));
        sgd.update(parameters, derivatives, 1);
      },
      { device },
    );
    await expect(f()).rejects.toThrow(/a part .* was assigned earlier in this function; assign it after/);
  });

  test('of a part of an arena after the update of the whole keeps both', async () => {
    const device = await sharedDevice();
    const parameters = [device.tensor([1, 2]), device.tensor([3])];
    const sgd = new SGD();
    const f = compile(
      () => {
        sgd.update(parameters, gradients(add(sum(parameters[0]), sum(parameters[1])), parameters), 1);
        assign(parameters[0], mul(parameters[0], 10));
      },
      { device },
    );
    await f();
    expect([...(await parameters[0].data())]).toEqual([0, 10]);
    expect(await parameters[1].item()).toBe(2);
  });
});

describe('assign elsewhere', () => {
  test('happens at once', async () => {
    const device = await sharedDevice();
    const a = filled(device, 1);
    assign(a, add(a, 1));
    expect(await firstOf(a)).toBe(2);
    assign(a, increment(a));
    expect(await firstOf(a)).toBe(3);
    assign(a, filled(device, 9));
    expect(await firstOf(a)).toBe(9);
  });

  test('several at once take all values from the old state', async () => {
    const device = await sharedDevice();
    const [a, b] = [filled(device, 1), filled(device, 2)];
    assignAll([
      [a, add(a, b)],
      [b, mul(a, 10)],
    ]);
    expect([await firstOf(a), await firstOf(b)]).toEqual([3, 10]);
  });

  test.each<[string, (a: Tensor) => unknown]>([
    ['assign', (a) => assign(a, mul(a, 2))],
    ['write', (a) => a.write(new Float32Array(SIZE))],
    ['a compiled function', (a) => compile(() => assign(a, mul(a, 3)), { device: a.device })()],
  ])('an operation recorded before %s is not run on what came after', async (_, change) => {
    const device = await sharedDevice();
    const a = filled(device, 1);
    const stale = add(mul(a, 10), 1);
    const read = mul(a, 100);
    await read.data();
    await change(a);
    await expect(stale.data()).rejects.toThrow(TensorError);
    await expect(stale.data()).rejects.toThrow(/was written after the operation was recorded and before it ran/);
    expect(await firstOf(read)).toBe(100);
    await mul(a, 10).data();
  });

  test('also not where the written tensor had been computed only after the recording', async () => {
    const device = await sharedDevice();
    const hidden = mul(filled(device, 1), 2);
    const stale = add(hidden, 1);
    await hidden.data();
    hidden.write(new Float32Array(SIZE));
    await expect(stale.data()).rejects.toThrow(/was written after/);
  });

  test('also not where the tensor moved into an arena after it was written', async () => {
    const device = await sharedDevice();
    const a = filled(device, 1);
    const stale = mul(a, 10);
    a.write(new Float32Array(SIZE).fill(5));
    new SGD().update([a], [filled(device, 0)], 1);
    await expect(stale.data()).rejects.toThrow(/was written after/);
  });

  test('a move alone does not age what was recorded', async () => {
    const device = await sharedDevice();
    const a = filled(device, 4);
    const recorded = mul(a, 10);
    await new SGD().restore([a], { count: 0, moments: [] });
    expect(await firstOf(recorded)).toBe(40);
  });

  test('refuses other shapes, dtypes, targets without memory, and disposed tensors', async () => {
    const device = await sharedDevice();
    const a = device.ones([2, 3]);
    expect(() => assign(a, device.ones([3, 2]))).toThrow(/the target is 2×3 f32, the value 3×2 f32/);
    expect(() => assign(mul(a, 2), a)).toThrow(/is not stored memory but recorded/);
    const gone = device.ones([2, 3]);
    gone.dispose();
    expect(() => assign(gone, a)).toThrow(/disposed/);
    expect(() => assign(a, gone)).toThrow(/disposed/);
    expect(() => assign(a, gone)).toThrow(TensorError);
  });
});
