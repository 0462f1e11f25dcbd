import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  add,
  assign,
  clamp,
  compile,
  div,
  exp,
  gradients,
  maximum,
  mul,
  relu,
  sigmoid,
  square,
  sub,
  sum,
  type Tensor,
  tanh,
} from '../../src/index.js';
import { expectClose, propertyParameters } from '../support/check-operation.js';
import { checkFused } from '../support/check-program.js';
import { checkedDevice, sharedDevice } from '../support/device.js';

const unary: ((x: Tensor) => Tensor)[] = [
  relu,
  square,
  sigmoid,
  tanh,
  (x) => clamp(x, -0.5, 0.75),
  (x) => mul(x, 0.5),
  (x) => add(x, 1),
];
const binary: ((a: Tensor, b: Tensor) => Tensor)[] = [add, sub, mul, maximum];

/** A random expression of pointwise operations: each step combines two earlier values, or maps one. */
const programs = fc.array(fc.tuple(fc.nat(), fc.nat(), fc.nat(), fc.boolean()), { minLength: 1, maxLength: 24 });

function run(program: [number, number, number, boolean][], inputs: readonly Tensor[]): Tensor {
  const values = [...inputs];
  for (const [which, a, b, single] of program) {
    // Recent values more often, so that chains grow long.
    const recent = (n: number) => values[Math.max(0, values.length - 1 - (n % 3))];
    values.push(single ? unary[which % unary.length](recent(a)) : binary[which % binary.length](recent(a), recent(b)));
  }
  return values[values.length - 1];
}

describe('fusion of elementwise chains', () => {
  test('a chain is one dispatch', async () => {
    const device = await sharedDevice();
    const step = compile((x, y) => relu(add(mul(exp(mul(x, 0.1)), y), 1)));
    const [x, y] = [device.tensor([1, 2, 3, 4, 5]), device.tensor([2])];
    const result = await (await step(x, y)).data();
    expectClose(
      result,
      [1, 2, 3, 4, 5].map((v) => Math.exp(v / 10) * 2 + 1),
      16,
    );
    expect(step.statistics()[0].dispatches).toBe(1);
    expect((await step.profile(x, y)).dispatches?.[0].label).toBe('mulNumber+exp+mul+addNumber+relu');
  });

  test('a value that is needed elsewhere is kept, a broadcast ends a chain', async () => {
    const device = await sharedDevice();
    const x = device.tensor([1, 2, 3, 4], [2, 2]);
    const row = device.tensor([10, 20], [2]);
    const shared = compile((v) => {
      const doubled = mul(v, 2);
      return { doubled, squared: square(doubled) };
    });
    const { doubled, squared } = await shared(x);
    expect([...(await doubled.data())]).toEqual([2, 4, 6, 8]);
    expect([...(await squared.data())]).toEqual([4, 16, 36, 64]);
    expect(shared.statistics()[0].dispatches).toBe(2);
    const broadcast = compile((v) => square(add(mul(v, 2), row)));
    expect([...(await (await broadcast(x)).data())]).toEqual([144, 576, 256, 784]);
  });

  test('random expressions agree with their operations run one by one, and with checked mode, which does not fuse', async () => {
    const device = await sharedDevice();
    const checked = await checkedDevice();
    await fc.assert(
      fc.asyncProperty(programs, fc.integer({ min: 1, max: 67 }), async (program, size) => {
        const make = (on: typeof device) => [on.randn([size], 1), on.randn([size], 2), on.uniform([], 3, 0.5, 1)];
        const inputs = make(device);
        const expected = await run(program, inputs).data();
        const fused = compile((...x: Tensor[]) => run(program, x), { device });
        const result = await fused(...inputs);
        const values = await result.data();
        expectClose(values, Array.from(expected), 4);
        const again = compile((...x: Tensor[]) => run(program, x), { device: checked });
        expectClose(await (await again(...make(checked))).data(), Array.from(values), 4);
        await checkFused([run(program, make(checked))]);
        fused.dispose();
        again.dispose();
        for (const tensor of [...inputs, result]) tensor.dispose();
      }),
      propertyParameters(),
    );
  });

  test('gradients through chains are those of the single operations', async () => {
    const device = await sharedDevice();
    const x = device.randn([37], 5);
    const f = (v: Tensor) => sum(div(tanh(mul(v, v)), add(square(v), 1)));
    const [expected] = gradients(f(x), [x]);
    const compiled = compile((v) => gradients(f(v), [v])[0]);
    expectClose(await (await compiled(x)).data(), Array.from(await expected.data()), 8);
  });

  test('in-place updates still see the values of before', async () => {
    const device = await sharedDevice();
    const w = device.tensor([1, 2, 3]);
    const step = compile(
      () => {
        const before = mul(w, 10);
        assign(w, add(w, 1));
        return add(before, w);
      },
      { device },
    );
    expect([...(await (await step()).data())]).toEqual([12, 23, 34]);
    expect([...(await w.data())]).toEqual([2, 3, 4]);
  });
});
