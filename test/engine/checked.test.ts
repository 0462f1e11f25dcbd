import { describe, expect, test } from 'vitest';
import { sizeOf } from '../../src/engine/shape.js';
import {
  Adam,
  add,
  assign,
  cast,
  compile,
  div,
  exp,
  gradients,
  log,
  mul,
  NumericError,
  type Operation,
  openDevice,
  record,
  relu,
  reshape,
  scope,
  softmax,
  square,
  sub,
  sum,
  type Tensor,
} from '../../src/index.js';
import { checkedDevice, sharedDevice } from '../support/device.js';
import { accumulateInPlace } from './operations.js';

/** Writes the first element of its input everywhere, and to `beyond` elements past the end of its result. */
function overrun(beyond: number): Operation<null> {
  return {
    name: 'overrun',
    shape: ([x]) => [x],
    lower: (lowering, [x], [result]) =>
      lowering.dispatch({
        label: 'overrun',
        source: `
          @group(0) @binding(0) var<uniform> count: u32;
          @group(0) @binding(1) var<storage, read> x: array<f32>;
          @group(0) @binding(2) var<storage, read_write> result: array<f32>;
          @compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3<u32>) {
            if (id.x < count) { result[id.x] = x[0]; }
          }`,
        bindings: [x, result],
        writes: [1],
        uniforms: Uint32Array.of(sizeOf(x.shape) + beyond),
        workgroups: [Math.ceil((sizeOf(x.shape) + beyond) / 64), 1, 1],
      }),
  };
}

describe('checked mode finds', () => {
  const faults: [string, (x: Tensor) => Tensor, RegExp][] = [
    [
      'the NaN of a negative logarithm',
      (x) => log(mul(x, -1)),
      /^log produced NaN or Inf in step 1; its inputs are 4\.$/,
    ],
    ['the NaN of 0/0', (x) => div(mul(x, 0), mul(x, 0)), /^div produced NaN or Inf in step 1; its inputs are 4, 4\.$/],
    ['the Inf of a large exponential', (x) => exp(mul(x, 1000)), /^exp produced NaN or Inf in step 1/],
    ['a NaN that a ReLU would hide', (x) => relu(log(mul(x, -1))), /^log produced/],
    ['the first of several, not what follows from it', (x) => sum(square(add(log(mul(x, -1)), 1))), /^log produced/],
  ];
  test.each(faults)('%s, compiled and not', async (_, body, message) => {
    const device = await checkedDevice();
    const x = device.tensor([1, 2, 3, 4]);
    await expect(compile(body)(x)).rejects.toThrow(message);
    await expect(body(x).data()).rejects.toThrow(message);
    await expect(body(x).data()).rejects.toThrow(NumericError);
  });

  test('where it happened and in which step', async () => {
    const device = await checkedDevice();
    const f = compile((x: Tensor) => scope('encoder', () => scope('level1', () => sum(log(x)))));
    const [good, bad] = [device.tensor([1, 2]), device.tensor([1, -2])];
    for (let i = 0; i < 2; i++) (await f(good)).dispose();
    await expect(f(bad)).rejects.toThrow(
      /^log \(in encoder\.level1\) produced NaN or Inf in step 3; its inputs are argument 0 2\.$/,
    );
    (await f(good)).dispose();
    await expect(f(bad)).rejects.toThrow(/in step 5/);
  });

  test('the step of each of several calls that were not awaited', async () => {
    const device = await checkedDevice();
    const f = compile((x: Tensor) => log(x));
    await f(1 as never).catch(() => {});
    const [good, bad] = [device.tensor([1]), device.tensor([-1])];
    (await f(good)).dispose();
    const calls = await Promise.allSettled([f(bad), f(good), f(bad)]);
    expect(calls.map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'rejected']);
    const messages = calls.map((call) => (call.status === 'rejected' ? String(call.reason) : ''));
    expect(messages[0]).toMatch(/in step 2/);
    expect(messages[2]).toMatch(/in step 4/);
  });

  test.each([1, 2, 64])('a kernel that writes %i element(s) beyond its result', async (beyond) => {
    const device = await checkedDevice();
    // 16 values fill their binding: what lies behind belongs to nobody.
    const f = compile((x: Tensor) => add(record(overrun(beyond), [mul(x, 2)], null)[0], 1));
    await expect(f(device.ones([16]))).rejects.toThrow(
      /^overrun wrote outside its result in step 1; its inputs are 16/,
    );
    await expect(record(overrun(beyond), [device.ones([16])], null)[0].data()).rejects.toThrow(NumericError);
  });

  test('nothing wrong with a kernel that fills its last vector, as it may', async () => {
    const device = await checkedDevice();
    const f = compile((x: Tensor) => record(overrun(3), [x], null)[0]);
    expect((await (await f(device.ones([13]))).data()).length).toBe(13);
  });

  test('nothing in a clean program, with views, arenas, updates in place and an optimizer', async () => {
    const device = await checkedDevice();
    const [weight, bias] = [device.tensor([1, 2, 3]), device.tensor([4])];
    const adam = new Adam();
    const step = compile((x: Tensor) => {
      const loss = sum(square(add(mul(reshape(x, [3]), weight), bias)));
      adam.update([weight, bias], gradients(loss, [weight, bias]), 0.01);
      assign(weight, accumulateInPlace(weight, x));
      return loss;
    });
    for (let i = 0; i < 3; i++) expect(await (await step(device.tensor([0.5, 0.25, 0]))).item()).toBeGreaterThan(0);
  });

  test('an update in place of a part of an arena clean as well: its neighbour is no guard', async () => {
    const device = await checkedDevice();
    const [first, second] = [device.ones([64]), device.ones([64])];
    new Adam().update([first, second], [device.zeros([64]), device.zeros([64])], 1);
    const f = compile(() => assign(first, accumulateInPlace(first, device.ones([64]))), { device });
    await f();
    expect((await first.data())[63]).toBe(2);
  });

  test('what an effect writes, too', async () => {
    const device = await checkedDevice();
    const state = device.ones([100]);
    const f = compile((x: Tensor) => assign(state, accumulateInPlace(state, x)));
    await expect(f(device.tensor(new Float32Array(100).fill(Number.NaN)))).rejects.toThrow(
      /accumulateInPlace produced/,
    );
  });
});

describe('with infinities allowed', () => {
  test('masks of −∞ pass, compiled and not, and NaN is found', async () => {
    using device = await openDevice({ checked: 'nan', tuning: 'none' });
    const scores = device.tensor([1, 2, 3, 4], [2, 2]);
    const mask = device.tensor([0, Number.NEGATIVE_INFINITY, 0, 0], [2, 2]);
    const attention = (x: Tensor) => softmax(add(x, mul(mask, 1)), { axes: [1] });
    const expected = [1, 0, 1 / (1 + Math.E), Math.E / (1 + Math.E)];
    for (const result of [attention(scores), await compile(attention)(scores)]) {
      for (const [i, value] of (await result.data()).entries()) expect(value).toBeCloseTo(expected[i], 5);
    }
    const masked = compile((x: Tensor) => log(mul(x, -1)));
    await expect(masked(scores)).rejects.toThrow(/^log produced NaN in step 1; its inputs are 2×2\.$/);
    await expect(sub(mask, mask).data()).rejects.toThrow(/^sub produced NaN in step 1/);
    if (device.traits.f16) {
      expect((await mul(cast(mask, 'f16'), 1).data())[1]).toBe(Number.NEGATIVE_INFINITY);
      await expect(cast(device.tensor([Number.NaN]), 'f16').data()).rejects.toThrow(/^cast produced NaN in step 1/);
    }
  });

  test('is asked for by name', async () => {
    await expect(openDevice({ checked: 'inf' as never })).rejects.toThrow(
      "openDevice: got 'inf' for checked; give true or false or 'nan'.",
    );
  });
});

test('a failing call in checked mode keeps no memory', async () => {
  const device = await checkedDevice();
  const f = compile((x: Tensor) => log(x));
  const bad = device.tensor(new Float32Array(1000).fill(-1));
  await expect(f(bad)).rejects.toThrow(NumericError);
  const { freeBytes, ...before } = device.memory();
  await expect(f(bad)).rejects.toThrow(NumericError);
  const { freeBytes: freeAfter, ...after } = device.memory();
  expect(after).toEqual(before);
  // More, where tensors that other tests dropped were collected meanwhile.
  expect(freeAfter).toBeGreaterThanOrEqual(freeBytes);
});

test('without checked mode nothing is scanned', async () => {
  const device = await sharedDevice();
  const f = compile((x: Tensor) => log(mul(x, -1)));
  await f(device.ones([4]));
  expect(f.statistics()[0].dispatches).toBe(1);
});
