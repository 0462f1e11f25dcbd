import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  Adam,
  AdamW,
  add,
  clipByNorm,
  clipWithNorm,
  compile,
  type Device,
  globalNorm,
  gradients,
  mul,
  type Optimizer,
  openDevice,
  SGD,
  ShapeError,
  SondeError,
  square,
  sum,
  type Tensor,
  TensorError,
} from '../../src/index.js';
import {
  adamReference,
  type OptimizerReference,
  sgdReference,
  stateReference,
} from '../../src/kernels/optimizer/reference.js';
import { expectClose, propertyParameters } from '../support/check-operation.js';
import { checkedDevice, limitedDevice, sharedDevice } from '../support/device.js';
import { type Golden, golden } from '../support/golden.js';

const SIZES = [1, 3, 64, 65, 130];

/** Deterministic values in [-1, 1]. */
function drawn(size: number, seed: number): Float32Array {
  return Float32Array.from({ length: size }, (_, i) => Math.sin(12.9898 * (i + 1) + 78.233 * seed));
}

interface Variant {
  readonly make: () => Optimizer;
  readonly reference: (state: OptimizerReference, gradient: Float32Array, t: number) => void;
}

const RATE = 0.05;

const variants: Record<string, Variant> = {
  Adam: { make: () => new Adam(), reference: (s, g, t) => adamReference(s, g, t, { rate: RATE }) },
  'Adam with weight decay and other betas': {
    make: () => new Adam({ betas: [0.8, 0.95], eps: 1e-4, weightDecay: 0.1 }),
    reference: (s, g, t) => adamReference(s, g, t, { rate: RATE, beta1: 0.8, beta2: 0.95, epsilon: 1e-4, decay: 0.1 }),
  },
  AdamW: {
    make: () => new AdamW({ weightDecay: 0.3 }),
    reference: (s, g, t) => adamReference(s, g, t, { rate: RATE, decay: 0.3, decoupled: true }),
  },
  SGD: { make: () => new SGD(), reference: (s, g) => sgdReference(s, g, { rate: RATE }) },
  'SGD with momentum and weight decay': {
    make: () => new SGD({ momentum: 0.9, weightDecay: 0.1 }),
    reference: (s, g) => sgdReference(s, g, { rate: RATE, momentum: 0.9, decay: 0.1 }),
  },
};

/** Takes `steps` steps on the device and in the reference, and compares the parameters. */
async function follow(device: Device, { make, reference }: Variant, steps: number, compiled: boolean): Promise<void> {
  const optimizer = make();
  const parameters = SIZES.map((size, i) => device.tensor(drawn(size, i)));
  const states = SIZES.map((size, i) => stateReference(drawn(size, i)));
  const update = (...inputs: Tensor[]) => optimizer.update(parameters, inputs, RATE);
  const step = compiled ? compile(update) : update;
  for (let t = 1; t <= steps; t++) {
    const values = SIZES.map((size, i) => drawn(size, 100 * t + i));
    await step(...values.map((value) => device.tensor(value)));
    for (const [i, state] of states.entries()) reference(state, values[i], t);
  }
  for (const [i, { parameter }] of states.entries()) {
    expectClose(await parameters[i].data(), parameter, 8 + 2 * steps, `parameter ${i}`, 1);
  }
}

describe.each(Object.entries(variants))('%s', (_, variant) => {
  test('follows its definition over ten compiled steps', async () => {
    await follow(await sharedDevice(), variant, 10, true);
  });

  test('follows it uncompiled and in checked mode', async () => {
    await follow(await checkedDevice(), variant, 3, false);
  });

  test('follows it over several arenas', async () => {
    // Binds little, so that parameters need several arenas.
    using device = await limitedDevice(1024);
    await follow(device, variant, 3, true);
  });

  test('leaves out steps whose guard is NaN or Inf, and goes on as if they had not been', async () => {
    const device = await sharedDevice();
    const gradientsOf = (t: number) => SIZES.map((size, i) => device.tensor(drawn(size, 100 * t + i)));
    const start = () => SIZES.map((size, i) => device.tensor(drawn(size, i)));
    const [guarded, plain] = [start(), start()];
    const [withGuard, without] = [variant.make(), variant.make()];
    const step = compile((onlyIfFinite: Tensor, ...given: Tensor[]) =>
      withGuard.update(guarded, given, RATE, { onlyIfFinite }),
    );
    for (const [t, guard] of [1e38, Number.NaN, 0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -3].entries()) {
      await step(guard, ...gradientsOf(t));
      if (Number.isFinite(guard)) without.update(plain, gradientsOf(t), RATE);
    }
    for (const [i, tensor] of plain.entries()) expect(await guarded[i].data()).toEqual(await tensor.data());
    expect((await withGuard.state()).count).toBe(3);
    expect(await withGuard.state()).toEqual(await without.state());
  });

  test('continues bit for bit from a saved state', async () => {
    const device = await sharedDevice();
    const values = (t: number) => SIZES.map((size, i) => device.tensor(drawn(size, 100 * t + i)));
    const start = () => SIZES.map((size, i) => device.tensor(drawn(size, i)));
    const [whole, half] = [start(), start()];
    const [through, before] = [variant.make(), variant.make()];
    for (let t = 1; t <= 6; t++) through.update(whole, values(t), RATE);
    for (let t = 1; t <= 3; t++) before.update(half, values(t), RATE);
    const saved = JSON.parse(
      JSON.stringify(await before.state(), (_key, value) => (value instanceof Float32Array ? [...value] : value)),
    );
    expect(saved.count).toBe(3);
    const resumed: Tensor[] = [];
    for (const tensor of half) resumed.push(device.tensor(await tensor.data()));
    const after = variant.make();
    after.restore(resumed, saved);
    for (let t = 4; t <= 6; t++) after.update(resumed, values(t), RATE);
    for (const [i, tensor] of whole.entries()) expect(await resumed[i].data()).toEqual(await tensor.data());
    // Back to the beginning: the state before the first update clears it.
    after.restore(resumed, { count: 0, moments: [] });
    const cleared = await after.state();
    expect(cleared.count).toBe(0);
    expect(cleared.moments.flat().every((moment) => moment.every((value) => value === 0))).toBe(true);
  });
});

const adamGolden = golden('adam_5steps');
const clipGolden = golden<Golden & { params: { max_norm: number; total_norm: number } }>('clip_grad_norm_0');

describe('PyTorch’s values', () => {
  test.runIf(adamGolden)('adam_5steps', async () => {
    const { params, tensors } = adamGolden ?? expect.unreachable();
    const device = await sharedDevice();
    const [steps, size] = tensors.grads.shape;
    const parameter = device.tensor(tensors.param.data);
    const adam = new Adam();
    const step = compile((gradient: Tensor, rate: Tensor) => adam.update([parameter], [gradient], rate));
    const names = Object.keys(tensors);
    const after = tensors[names.find((name) => name.startsWith('param') && name !== 'param') ?? 'params'];
    expect(after.shape).toEqual([steps, size]);
    for (let i = 0; i < steps; i++) {
      await step(device.tensor(tensors.grads.data.slice(i * size, (i + 1) * size)), params.lr as number);
      expectClose(await parameter.data(), after.data.slice(i * size, (i + 1) * size), 8, `step ${i + 1}`);
    }
  });

  test.runIf(clipGolden)('clip_grad_norm_0', async () => {
    const { params, tensors } = clipGolden ?? expect.unreachable();
    const device = await sharedDevice();
    const given = [0, 1, 2].map((i) => device.tensor(tensors[`grad_${i}`].data, tensors[`grad_${i}`].shape));
    const { gradients: clipped, norm } = clipWithNorm(given, params.max_norm);
    expectClose([await norm.item()], [params.total_norm], 4);
    for (const [i, gradient] of clipped.entries()) {
      expect(gradient.shape).toEqual(tensors[`clipped_${i}`].shape);
      expectClose(await gradient.data(), tensors[`clipped_${i}`].data, 8);
    }
  });
});

describe('clipping', () => {
  test('leaves short gradients as they are and shortens long ones to the norm, over any arenas', async () => {
    // Binds little, so that parameters need several arenas.
    using device = await limitedDevice(1024);
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1, maxLength: 6 }),
        fc.constantFrom(0.01, 1, 1000),
        async (sizes, maxNorm) => {
          const values = sizes.map((size, i) => drawn(size, i));
          const given = values.map((value) => device.tensor(value));
          const norm = Math.hypot(...values.flatMap((value) => [...value]));
          const factor = Math.min(1, maxNorm / (norm + 1e-6));
          expectClose([await globalNorm(given).item()], [norm], 16);
          for (const [i, gradient] of clipByNorm(given, maxNorm).entries()) {
            const expected = values[i].map((value) => value * factor);
            expectClose(await gradient.data(), expected, 16, `gradient ${i}`, factor);
          }
        },
      ),
      propertyParameters(),
    );
  });

  test('takes the norm as a tensor too', async () => {
    const device = await sharedDevice();
    const clip = compile((x: Tensor, maxNorm: Tensor) => clipByNorm([x], maxNorm)[0]);
    const x = device.tensor([3, 4]);
    expectClose(await (await clip(x, 1)).data(), [0.6, 0.8], 8);
    expectClose(await (await clip(x, 10)).data(), [3, 4], 8);
  });

  test('costs no memory for constants: tracing again and again leaves nothing behind', async () => {
    // Of its own: what other tests have dropped may be collected meanwhile.
    const device = await openDevice({ tuning: 'none' });
    const [weight, bias] = [device.tensor(drawn(100, 1)), device.tensor(drawn(3, 2))];
    const adam = new Adam();
    const step = compile((x: Tensor) => {
      const derivatives = gradients(sum(square(mul(add(sum(weight), sum(bias)), x))), [weight, bias]);
      adam.update([weight, bias], clipByNorm(derivatives, 0.5), 0.01);
    });
    const x = device.ones([1]);
    await step(x);
    step.dispose();
    await step(x);
    const { bytes, freeBytes } = device.memory();
    for (let i = 0; i < 5; i++) {
      step.dispose();
      await step(x);
    }
    expect(device.memory()).toMatchObject({ bytes, freeBytes });
    device.close();
  });
});

describe('an optimizer', () => {
  test('goes on where another one has packed its parameters meanwhile', async () => {
    const device = await sharedDevice();
    const [a, b] = [device.tensor([1, 2]), device.tensor([3])];
    const both = new SGD();
    const one = new SGD();
    const ones = [device.tensor([1, 1]), device.tensor([1])];
    both.update([a, b], ones, 1);
    one.update([b], [ones[1]], 1);
    both.update([a, b], ones, 1);
    one.update([b], [ones[1]], 1);
    expect([...(await a.data()), await b.item()]).toEqual([-1, 0, -1]);
  });

  test('gives its state back when disposed, and the parameters stay', async () => {
    const device = await sharedDevice();
    const parameter = device.tensor(drawn(10_000, 1));
    const before = device.memory();
    const used = (memory: { bytes: number; freeBytes: number }) => memory.bytes - memory.freeBytes;
    const adam = new Adam();
    adam.update([parameter], [device.zeros([10_000])], 0.1);
    const during = used(device.memory());
    expect(during).toBeGreaterThan(used(before) + 2 * 40_000);
    adam.dispose();
    expect(during - used(device.memory())).toBeGreaterThanOrEqual(2 * 40_000);
    expect(await parameter.data()).toEqual(drawn(10_000, 1));
  });

  const misuses: [string, RegExp, (device: Device) => unknown][] = [
    ['no parameters', /sgd: no parameters; give at least one/, () => new SGD().update([], [], 1)],
    [
      'a gradient missing',
      /sgd: 0 gradients for 1 parameters/,
      (device) => new SGD().update([device.ones([2])], [], 1),
    ],
    [
      'a gradient of another shape',
      /adam: gradient 0 is 3 and its parameter \(2 f32\) is 2/,
      (device) => new Adam().update([device.ones([2])], [device.ones([3])], 1),
    ],
    [
      'a learning rate of two values',
      /adam: the learning rate has 2 values \(shape 2\)/,
      (device) => new Adam().update([device.ones([2])], [device.ones([2])], device.ones([2])),
    ],
    [
      'a guard of two values',
      /adam: onlyIfFinite has 2 values \(shape 2\)/,
      (device) => new Adam().update([device.ones([2])], [device.ones([2])], 1, { onlyIfFinite: device.ones([2]) }),
    ],
    [
      'a parameter given twice',
      /takes each tensor once/,
      (device) => {
        const parameter = device.ones([2]);
        new Adam().update([parameter, parameter], [parameter, parameter], 1);
      },
    ],
    [
      'other parameters than before',
      /adam: the parameters are not those of the first update; make a new optimizer/,
      (device) => {
        const adam = new Adam();
        adam.update([device.ones([2])], [device.ones([2])], 1);
        adam.update([device.ones([2])], [device.ones([2])], 1);
      },
    ],
    [
      'a state of another model',
      /adam: the saved state does not fit these 1 parameters/,
      (device) => new Adam().restore([device.ones([2])], { count: 1, moments: [[[1], [1]]] }),
    ],
    [
      'a state of another optimizer',
      /adam: the saved state does not fit/,
      (device) => new Adam().restore([device.ones([1])], { count: 1, moments: [[[1]]] }),
    ],
    [
      'a disposed parameter',
      /has been disposed/,
      (device) => {
        const parameter = device.ones([2]);
        parameter.dispose();
        new Adam().update([parameter], [device.ones([2])], 1);
      },
    ],
    ['no gradients to clip', /clip: no gradients/, () => clipByNorm([], 1)],
  ];
  test.each(misuses)('refuses %s', async (_, message, run) => {
    const device = await sharedDevice();
    expect(() => run(device)).toThrow(message);
    expect(() => run(device)).toThrow(SondeError);
  });

  test('says which kind of error it is', async () => {
    const device = await sharedDevice();
    expect(() => new Adam().update([device.ones([2])], [device.ones([3])], 1)).toThrow(ShapeError);
    using other = await openDevice();
    expect(() =>
      new Adam().update([device.ones([2]), other.ones([2])], [device.ones([2]), other.ones([2])], 1),
    ).toThrow(TensorError);
  });
});
