import { describe, expect, test } from 'vitest';
import {
  add,
  assign,
  compile,
  conv2d,
  type Device,
  exp,
  GradientError,
  gradients,
  matmul,
  mul,
  type Operation,
  record,
  square,
  sub,
  sum,
  type Tensor,
  TensorError,
} from '../../src/index.js';
import { sharedDevice } from '../support/device.js';

async function values(tensor: Tensor): Promise<number[]> {
  return [...(await tensor.data())];
}

/** A product of two tensors without a gradient rule. */
const opaque: Operation<null> = {
  name: 'opaque',
  shape: ([x]) => [x],
  lower: () => {
    throw new Error('not meant to run');
  },
};

describe('gradients', () => {
  test('add up over the paths of a diamond', async () => {
    const device = await sharedDevice();
    const x = device.tensor([1, 2, 3]);
    const left = mul(x, 2);
    const right = square(x);
    const [dx] = gradients(sum(mul(left, right)), [x]);
    // d (2x·x²) / dx = 6x²
    expect(await values(dx)).toEqual([6, 24, 54]);
  });

  test('of a chain of diamonds count every path: 2ⁿ', async () => {
    const device = await sharedDevice();
    const x = device.tensor([1]);
    let y: Tensor = x;
    for (let i = 0; i < 10; i++) y = add(y, y);
    const [dx] = gradients(sum(y), [x]);
    expect(await values(dx)).toEqual([1024]);
  });

  test('of a tensor used many times', async () => {
    const device = await sharedDevice();
    const x = device.tensor([3]);
    let total = mul(x, x);
    for (let i = 1; i <= 20; i++) total = add(total, mul(x, i));
    const [dx] = gradients(sum(total), [x]);
    expect(await values(dx)).toEqual([2 * 3 + 210]);
  });

  test('by several tensors, an intermediate, the loss itself, and one tensor twice', async () => {
    const device = await sharedDevice();
    const [x, w] = [device.tensor([1, 2]), device.tensor([3, 4])];
    const hidden = mul(x, w);
    const loss = sum(square(hidden));
    const [dx, dw, dh, dl, again] = gradients(loss, [x, w, hidden, loss, x]);
    expect(await values(dh)).toEqual([6, 16]);
    expect(await values(dx)).toEqual([18, 64]);
    expect(await values(dw)).toEqual([6, 32]);
    expect(await values(dl)).toEqual([1]);
    expect(again).toBe(dx);
  });

  test('of gradients: second and third derivatives', async () => {
    const device = await sharedDevice();
    const x = device.tensor([1, 2, 3]);
    const [first] = gradients(sum(mul(square(x), x)), [x]);
    const [second] = gradients(sum(first), [x]);
    const [third] = gradients(sum(second), [x]);
    expect(await values(first)).toEqual([3, 12, 27]);
    expect(await values(second)).toEqual([6, 12, 18]);
    expect(await values(third)).toEqual([6, 6, 6]);
  });

  test('of gradients through matmul: the Hessian of |Aw|² times v is 2AᵀA v', async () => {
    const device = await sharedDevice();
    const a = device.tensor([1, 2, 3, 4, 5, 6], [3, 2]);
    const w = device.tensor([0.5, -1], [2, 1]);
    const v = device.tensor([1, -2], [2, 1]);
    const [dw] = gradients(sum(square(matmul(a, w))), [w]);
    const [hessianTimesV] = gradients(sum(mul(dw, v)), [w]);
    // AᵀA = [[35, 44], [44, 56]]
    expect(await values(hessianTimesV)).toEqual([2 * (35 - 88), 2 * (44 - 112)]);
  });

  test('of gradients through conv2d: the norm of the input gradient, differentiated by the weight', async () => {
    const device = await sharedDevice();
    const x = device.randn([1, 5, 5, 2], 1);
    const weight = device.randn([3, 3, 3, 2], 2);
    const penalty = (at: Tensor) => {
      const [dx] = gradients(sum(square(conv2d(x, at, { padding: 1 }))), [x]);
      return sum(square(dx));
    };
    const [dw] = gradients(penalty(weight), [weight]);
    // Along a direction, against a central difference of the penalty.
    const direction = device.randn([3, 3, 3, 2], 3);
    const step = 1 / 64;
    const above = await penalty(add(weight, mul(direction, step))).item();
    const below = await penalty(sub(weight, mul(direction, step))).item();
    const slope = await sum(mul(dw, direction)).item();
    expect(slope / ((above - below) / (2 * step))).toBeCloseTo(1, 2);
  });

  test('by a parameter assigned before are taken at its new value', async () => {
    const device = await sharedDevice();
    const w = device.tensor([2]);
    const f = compile((x: Tensor) => {
      assign(w, mul(w, 3));
      return gradients(sum(square(mul(w, x))), [w])[0];
    });
    expect(await (await f(device.tensor([5]))).item()).toBe(2 * 6 * 25);
  });

  test('that pass the same tensor on as two gradients can both be packed and returned', async () => {
    const device = await sharedDevice();
    const [a, b] = [device.tensor([1, 2]), device.tensor([3, 4])];
    const f = compile((x: Tensor) => gradients(sum(mul(add(a, b), x)), [a, b]));
    const [da, db] = await f(device.tensor([5, 6]));
    expect(await values(da)).toEqual([5, 6]);
    expect(await values(db)).toEqual([5, 6]);
    da.write([0, 0]);
    expect(await values(db)).toEqual([5, 6]);
  });
});

describe('gradients are refused', () => {
  const cases: [string, RegExp, (device: Device) => unknown][] = [
    [
      'by a tensor on which the loss does not depend',
      /the loss does not depend on spare \(spare 2 f32\); leave it out, or use it in the loss/,
      (device) => {
        const spare = device.ones([2]);
        spare.label = 'spare';
        return gradients(sum(device.ones([3])), [spare]);
      },
    ],
    [
      'of more than one value',
      /the loss has shape 2×3, 6 values; reduce it to one with sum or mean/,
      (device) => {
        const x = device.ones([2, 3]);
        return gradients(square(x), [x]);
      },
    ],
    [
      'through an operation without one',
      /opaque has no gradient, but the loss reaches a requested tensor through it/,
      (device) => {
        const x = device.ones([2]);
        return gradients(sum(record(opaque, [square(x)], null)[0]), [x]);
      },
    ],
  ];
  test.each(cases)('%s', async (_, message, run) => {
    const device = await sharedDevice();
    expect(() => run(device)).toThrow(message);
    expect(() => run(device)).toThrow(GradientError);
  });

  test('but not past an operation without one that leads to no requested tensor', async () => {
    const device = await sharedDevice();
    const [x, y] = [device.ones([2]), device.ones([2])];
    const [dx] = gradients(sum(mul(x, exp(y))), [x]);
    expect(dx.shape).toEqual([2]);
    expect(() => gradients(sum(mul(x, record(opaque, [y], null)[0])), [x])).not.toThrow();
  });

  test('through a tensor that was read before, with what to do', async () => {
    const device = await sharedDevice();
    const x = device.tensor([1, 2]);
    const hidden = square(x);
    await hidden.data();
    expect(() => gradients(sum(hidden), [x])).toThrow(/that was read before and so forgot how it was computed/);
    // Where another path remains, the gradient would be silently wrong: refused too, also at a distance.
    expect(() => gradients(sum(mul(hidden, x)), [x])).toThrow(/depends on a tensor \(2 f32\) through a tensor/);
    const further = mul(hidden, 2);
    await further.data();
    expect(() => gradients(sum(mul(further, x)), [x])).toThrow(GradientError);
    // A copy is a constant, and the tensor itself may be asked for.
    const constant = device.tensor(await hidden.data());
    expect(await values(gradients(sum(mul(constant, x)), [x])[0])).toEqual([1, 4]);
    expect(await values(gradients(sum(mul(hidden, 3)), [hidden])[0])).toEqual([3, 3]);
  });

  test('of or by a disposed tensor', async () => {
    const device = await sharedDevice();
    const x = device.ones([2]);
    const loss = sum(x);
    const gone = device.ones([2]);
    gone.dispose();
    expect(() => gradients(loss, [gone])).toThrow(TensorError);
    loss.dispose();
    expect(() => gradients(loss, [x])).toThrow(TensorError);
  });
});

describe('depth and breadth', () => {
  test('a chain of 5,000 operations is built, differentiated, planned and run', async () => {
    const device = await sharedDevice();
    const x = device.tensor([1, 2, 3, 4]);
    let y: Tensor = x;
    for (let i = 0; i < 5000; i++) y = i % 2 === 0 ? mul(y, 2) : mul(y, 0.5);
    const [dx] = gradients(sum(y), [x]);
    expect(await values(dx)).toEqual([1, 1, 1, 1]);
  });

  test('compiling 3,000 operations whose results all stay alive ends, in little more memory than they need', async () => {
    const device = await sharedDevice();
    const count = 1500;
    const f = compile((x: Tensor) => {
      const kept: Tensor[] = [x];
      for (let i = 1; i < count; i++) kept.push(mul(kept[i - 1], i % 2 === 0 ? 2 : 0.5));
      // Read in reverse, as a backward pass does: everything is alive in the middle.
      let total = kept[count - 1];
      for (let i = count - 2; i >= 0; i--) total = add(total, kept[i]);
      return total;
    });
    const x = device.ones([64, 4]);
    const result = await f(x);
    expect((await values(result))[0]).toBe(count / 2 + count / 4);
    const { planned, lowerBound } = f.memory();
    expect(planned).toBeLessThan(1.05 * lowerBound);
  });
});
