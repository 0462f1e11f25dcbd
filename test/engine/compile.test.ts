import { afterEach, describe, expect, test, vi } from 'vitest';
import {
  Adam,
  add,
  assign,
  batchNorm,
  clipByNorm,
  compile,
  conv2d,
  type Device,
  gradients,
  mean,
  mul,
  openDevice,
  record,
  relu,
  SGD,
  type Shape,
  square,
  sub,
  sum,
  type Tensor,
  TensorError,
} from '../../src/index.js';
import { sharedDevice } from '../support/device.js';

const CREATIONS = [
  'createBuffer',
  'createBindGroup',
  'createBindGroupLayout',
  'createPipelineLayout',
  'createShaderModule',
  'createComputePipeline',
  'createComputePipelineAsync',
  'createQuerySet',
] as const;

/** Counts what is created on a device from here on. */
function countCreations(device: Device): () => number {
  const spies = CREATIONS.map((name) => vi.spyOn(device.gpu, name));
  return () => spies.reduce((total, spy) => total + spy.mock.calls.length, 0);
}

afterEach(() => {
  vi.restoreAllMocks();
});

/** An operation whose kernel is no WGSL. */
function badKernel(x: Tensor): Tensor {
  return record(
    {
      name: 'bad',
      shape: ([spec]) => [spec],
      lower: (lowering, [input], [output]) =>
        lowering.dispatch({
          label: 'bad.kernel',
          source: '@compute @workgroup_size(1) fn main() { nonsense(); }',
          bindings: [input, output],
          writes: [1],
          workgroups: [1, 1, 1],
        }),
    },
    [x],
    null,
  )[0];
}

/** A training step as in the manual: two convolutions, batch norm, clipping and Adam in one program. */
function trainingStep(device: Device) {
  const state = {
    conv1: device.randn([8, 3, 3, 3], 1),
    weight: device.ones([8]),
    bias: device.zeros([8]),
    runningMean: device.zeros([8]),
    runningVar: device.ones([8]),
    conv2: device.randn([2, 1, 1, 8], 2),
  };
  const parameters = [state.conv1, state.weight, state.bias, state.conv2];
  const adam = new Adam();
  const model = (x: Tensor) => {
    const { weight, bias, runningMean, runningVar } = state;
    const hidden = conv2d(x, state.conv1, { padding: 1 });
    return conv2d(relu(batchNorm(hidden, { weight, bias, runningMean, runningVar, training: true })), state.conv2);
  };
  const step = compile((images: Tensor, targets: Tensor, learningRate: Tensor) => {
    const loss = mean(square(sub(model(images), targets)));
    adam.update(parameters, clipByNorm(gradients(loss, parameters), 0.722), learningRate);
    return loss;
  });
  return { step, parameters, state };
}

describe('a compiled training step', () => {
  test('is one submit per call and creates nothing after the first, results disposed', async () => {
    const device = await sharedDevice();
    const { step } = trainingStep(device);
    const images = device.randn([2, 8, 8, 3], 3);
    const targets = device.randn([2, 8, 8, 2], 4);
    const createdAtFirst = countCreations(device);
    (await step(images, targets, 1e-3)).dispose();
    expect(createdAtFirst()).toBeGreaterThan(20);
    vi.restoreAllMocks();
    const created = countCreations(device);
    const submits = vi.spyOn(device.gpu.queue, 'submit');
    for (let call = 1; call <= 20; call++) {
      (await step(images, targets, 1e-3)).dispose();
      expect(submits).toHaveBeenCalledTimes(call);
    }
    expect(created()).toBe(0);
  });

  test('creates nothing where its scalar results are kept either', async () => {
    const device = await sharedDevice();
    const { step } = trainingStep(device);
    const images = device.randn([2, 8, 8, 3], 3);
    const targets = device.randn([2, 8, 8, 2], 4);
    const kept = [await step(images, targets, 1e-3)];
    const created = countCreations(device);
    for (let call = 0; call < 50; call++) kept.push(await step(images, targets, 1e-3));
    expect(created()).toBe(0);
    vi.restoreAllMocks();
    const losses: number[] = [];
    for (const loss of kept) losses.push(await loss.item());
    expect(losses[50]).toBeLessThan(losses[0]);
    expect(new Set(losses).size).toBe(51);
  });

  test('takes no more memory after 300 steps than after one', async () => {
    const device = await sharedDevice();
    const { step } = trainingStep(device);
    const images = device.randn([2, 8, 8, 3], 3);
    const targets = device.randn([2, 8, 8, 2], 4);
    const once = async () => {
      const loss = await step(images, targets, 1e-3);
      const value = await loss.item();
      loss.dispose();
      return value;
    };
    const first = await once();
    const { freeBytes, ...before } = device.memory();
    let last = first;
    for (let i = 0; i < 300; i++) last = await once();
    const { freeBytes: freeAfter, ...after } = device.memory();
    expect(after).toEqual(before);
    // Tensors that earlier tests have dropped may be collected meanwhile, which frees more; these steps must take
    // nothing of it.
    expect(freeAfter).toBeGreaterThanOrEqual(freeBytes);
    expect(last).toBeLessThan(0.9 * first);
  });
});

describe('results', () => {
  test('are tensors of their own: a later call does not change an earlier result', async () => {
    const device = await sharedDevice();
    const double = compile((x: Tensor) => mul(x, 2));
    const first = await double(device.tensor([1, 2]));
    const second = await double(device.tensor([5, 6]));
    expect([...(await first.data())]).toEqual([2, 4]);
    expect([...(await second.data())]).toEqual([10, 12]);
    second.write([0, 0]);
    expect([...(await (await double(device.tensor([5, 6]))).data())]).toEqual([10, 12]);
  });

  test('keep the structure that the function returned', async () => {
    const device = await sharedDevice();
    const f = compile((x: Tensor) => ({
      list: [x, undefined, [add(x, 1)]],
      inner: { twice: mul(x, 2) },
      none: undefined,
    }));
    const result = await f(device.tensor([3]));
    expect(Object.keys(result)).toEqual(['list', 'inner', 'none']);
    const [same, nothing, nested] = result.list as [Tensor, undefined, Tensor[]];
    expect(await same.item()).toBe(3);
    expect(nothing).toBeUndefined();
    expect(await nested[0].item()).toBe(4);
    expect(await result.inner.twice.item()).toBe(6);
    expect(result.none).toBeUndefined();
  });

  test('may be an argument, a captured tensor, and the same tensor twice, each a copy', async () => {
    const device = await sharedDevice();
    const captured = device.tensor([7]);
    const f = compile((x: Tensor) => [x, captured, x]);
    const x = device.tensor([1]);
    const results = await f(x);
    x.write([2]);
    captured.write([8]);
    const values = await Promise.all(results.map((tensor) => tensor.item()));
    expect(values).toEqual([1, 7, 1]);
    expect(new Set([...results, x, captured]).size).toBe(5);
  });

  test('that are no tensors are refused', async () => {
    const device = await sharedDevice();
    const f = compile((x: Tensor) => ({ x, count: 3 }));
    await expect(f(device.tensor([1]))).rejects.toThrow(/returned a number; return tensors/);
  });
});

describe('arguments', () => {
  test('another shape compiles another program, and the first stays', async () => {
    const device = await sharedDevice();
    let traced = 0;
    const f = compile((x: Tensor) => {
      traced += 1;
      return sum(x);
    });
    const shapes: Shape[] = [[2], [3], [2], [1, 2]];
    for (const shape of shapes) await (await f(device.ones(shape))).item();
    expect(traced).toBe(3);
    expect(f.statistics().map(({ calls }) => calls)).toEqual([2, 1, 1]);
  });

  test('numbers become scalars that each call sets', async () => {
    const device = await sharedDevice();
    const f = compile((x: Tensor, rate: Tensor) => {
      expect(rate.shape).toEqual([]);
      return mul(x, rate);
    });
    const x = device.tensor([2, 3]);
    const pending = [f(x, 1), f(x, 10), f(x, 100)];
    const results = await Promise.all(pending.map(async (result) => [...(await (await result).data())]));
    expect(results).toEqual([
      [2, 3],
      [20, 30],
      [200, 300],
    ]);
    expect(f.statistics()).toHaveLength(1);
  });

  test('that were recorded and not run are run', async () => {
    const device = await sharedDevice();
    const f = compile((x: Tensor) => add(x, 1));
    expect([...(await (await f(mul(device.tensor([1, 2]), 10))).data())]).toEqual([11, 21]);
  });

  test('that nothing reads have no memory in the program', async () => {
    const device = await sharedDevice();
    const f = compile((x: Tensor, _unused: Tensor, _number: Tensor) => add(x, 1));
    expect(await (await f(device.tensor([1]), device.zeros([4096]), 5)).item()).toBe(2);
    expect(f.memory().planned).toBeLessThan(4096);
  });

  test('disposed ones, those of another device and those of no use are refused', async () => {
    const device = await sharedDevice();
    const f = compile((x: Tensor, y: Tensor) => add(x, y));
    const gone = device.tensor([1]);
    gone.dispose();
    await expect(f(gone, 1)).rejects.toThrow(TensorError);
    await expect(f(gone, 1)).rejects.toThrow(/has been disposed/);
    await expect(f(undefined as unknown as Tensor, device.ones([1]))).rejects.toThrow(/tensors or numbers/);
    await expect(f(1, 2)).rejects.toThrow(/no argument is a tensor; pass \{ device \}/);
    using other = await openDevice();
    await expect(f(device.ones([1]), other.ones([1]))).rejects.toThrow(/two devices .* move one with device\.tensor/);
  });

  test('numbers alone do where the device is given', async () => {
    const device = await sharedDevice();
    const f = compile((a: Tensor, b: Tensor) => add(a, b), { device });
    expect(await (await f(1, 2)).item()).toBe(3);
  });

  test('may be disposed as soon as the call has been made, but not by the function', async () => {
    const device = await sharedDevice();
    const f = compile((x: Tensor) => add(x, 1));
    for (const value of [1, 2]) {
      const x = device.tensor([value]);
      const result = f(x);
      x.dispose();
      device.tensor([99]);
      expect(await (await result).item()).toBe(value + 1);
    }
    const own = device.tensor([1]);
    const disposing = compile((x: Tensor) => {
      own.dispose();
      return add(x, 1);
    });
    await expect(disposing(own)).rejects.toThrow(/\(1 f32\) was disposed by the function itself; dispose it after/);
  });

  test('are as many as the function has parameters', async () => {
    const device = await sharedDevice();
    const x = device.tensor([2]);
    const f = compile((a: Tensor, b: Tensor) => mul(a, b));
    // @ts-expect-error: one too few
    await expect(f(x)).rejects.toThrow(/called with 1 of 2 arguments; give all, or let the parameter have a default/);
    // @ts-expect-error: one too many
    await expect(f(x, 2, 3)).rejects.toThrow(/called with 3 arguments, the function takes 2; leave out the rest/);
    const none = compile(() => x, { device });
    // @ts-expect-error: one too many
    await expect(none(x)).rejects.toThrow(/called with 1 arguments?, the function takes 0/);
    const method = { scaled: (a: Tensor) => mul(a, 2) };
    // @ts-expect-error: one too many
    await expect(compile(method.scaled)(x, x)).rejects.toThrow(/takes 1/);
    const optional = compile((a: Tensor, b: Tensor | undefined = undefined) => (b ? mul(a, b) : a));
    expect(await (await optional(x)).item()).toBe(2);
    expect(await (await optional(x, 3)).item()).toBe(6);
    const rest = compile((first: Tensor, ...others: Tensor[]) => others.reduce((a, b) => add(a, b), first));
    expect(await (await rest(x)).item()).toBe(2);
    expect(await (await rest(x, x, 5)).item()).toBe(9);
    const bound = compile(((a: Tensor, ...others: Tensor[]) => others[1] ?? a).bind(null));
    expect(await (await bound(x, 1, 4)).item()).toBe(4);
  });

  test('each device has its own program', async () => {
    const device = await sharedDevice();
    using other = await openDevice();
    const f = compile((x: Tensor) => add(x, 1));
    expect(await (await f(device.tensor([1]))).item()).toBe(2);
    expect(await (await f(other.tensor([2]))).item()).toBe(3);
    expect(f.statistics()).toHaveLength(2);
    f.dispose();
  });
});

describe('captured tensors', () => {
  test('are read by reference at each call', async () => {
    const device = await sharedDevice();
    const weight = device.tensor([2]);
    const f = compile((x: Tensor) => mul(x, weight));
    const x = device.tensor([3]);
    expect(await (await f(x)).item()).toBe(6);
    weight.write([5]);
    expect(await (await f(x)).item()).toBe(15);
  });

  test('may be moved into an arena by an optimizer of another function', async () => {
    const device = await sharedDevice();
    const weight = device.tensor([2, 2]);
    const other = device.tensor([1, 1, 1]);
    let traced = 0;
    const predict = compile((x: Tensor) => {
      traced += 1;
      return sum(mul(x, weight));
    });
    const x = device.tensor([1, 1]);
    expect(await (await predict(x)).item()).toBe(4);
    const sgd = new SGD();
    const parameters = [other, weight];
    const train = compile((y: Tensor) => {
      const loss = sum(mul(mul(y, sum(weight)), sum(other)));
      sgd.update(parameters, gradients(loss, parameters), 0.5);
      return loss;
    });
    // d loss / d weight = y · Σ other = 3, so weight becomes 2 − 0.5 · 3.
    await train(device.tensor([1]));
    expect(await (await predict(x)).item()).toBe(1);
    await predict(x);
    expect(traced).toBe(2);
  });

  test('may be moved while a first call is compiling', async () => {
    const device = await sharedDevice();
    const weight = device.tensor([2, 2]);
    const predict = compile((x: Tensor) => sum(mul(mul(x, weight), 3.25)));
    const pending = predict(device.tensor([1, 1]));
    const sgd = new SGD();
    sgd.update([weight], [device.tensor([1, 1])], 1);
    expect(await (await pending).item()).toBe(13);
    expect(await (await predict(device.tensor([1, 1]))).item()).toBe(6.5);
    expect(predict.statistics()).toHaveLength(1);
  });

  test('that are disposed make the next call an error', async () => {
    const device = await sharedDevice();
    const weight = device.tensor([2]);
    const f = compile((x: Tensor) => mul(x, weight));
    const x = device.tensor([3]);
    await f(x);
    weight.dispose();
    await expect(f(x)).rejects.toThrow(TensorError);
    await expect(f(x)).rejects.toThrow(/mul: an input .* has been disposed/);
  });

  test('recorded ones are run once, and only what the function uses keeps memory', async () => {
    const device = await sharedDevice();
    const x = device.tensor([1, 2]);
    const intermediate = mul(x, 3);
    const lazy = add(intermediate, 1);
    const f = compile((y: Tensor) => mul(y, lazy));
    expect([...(await (await f(device.tensor([1, 1]))).data())]).toEqual([4, 7]);
    expect(lazy.origin.kind).toBe('stored');
    expect(intermediate.origin.kind).toBe('recorded');
    x.write([100, 100]);
    expect([...(await (await f(device.tensor([1, 1]))).data())]).toEqual([4, 7]);
    expect(f.statistics()[0].dispatches).toBe(1);
  });

  test('of another device than the arguments are refused', async () => {
    const device = await sharedDevice();
    using other = await openDevice();
    const foreign = other.ones([1]);
    await expect(compile((x: Tensor) => [x, add(foreign, foreign)])(device.ones([1]))).rejects.toThrow(/two devices/);
    await expect(compile((x: Tensor) => [x, foreign])(device.ones([1]))).rejects.toThrow(/two devices/);
  });
});

describe('the traced function', () => {
  test('must not be async, and its rejection goes nowhere', async () => {
    const device = await sharedDevice();
    const f = compile(async (x: Tensor) => {
      await Promise.resolve();
      return add(x, 1);
    });
    await expect(f(device.tensor([1]))).rejects.toThrow(/returned a promise; it must record its operations without/);
  });

  test('an exception in it leaves the engine usable, and the function too', async () => {
    const device = await sharedDevice();
    const target = device.tensor([0]);
    let broken = true;
    const f = compile((x: Tensor) => {
      assign(target, add(x, 1));
      if (broken) throw new RangeError('stop');
      return target;
    });
    const x = device.tensor([1]);
    await expect(f(x)).rejects.toThrow(new RangeError('stop'));
    expect(await target.item()).toBe(0);
    expect(await add(x, 1).item()).toBe(2);
    broken = false;
    expect(await (await f(x)).item()).toBe(2);
    expect(await target.item()).toBe(2);
  });

  test('concurrent first calls share one compilation', async () => {
    const device = await sharedDevice();
    let traced = 0;
    const f = compile((x: Tensor) => {
      traced += 1;
      return mul(x, 1.5);
    });
    const results = await Promise.all([1, 2, 3].map((value) => f(device.tensor([value]))));
    expect(await Promise.all(results.map((tensor) => tensor.item()))).toEqual([1.5, 3, 4.5]);
    expect(traced).toBe(1);
    expect(f.statistics()).toHaveLength(1);
  });

  test('its intermediates mean nothing outside', async () => {
    const device = await sharedDevice();
    let leaked: Tensor | undefined;
    const f = compile((x: Tensor) => {
      leaked = mul(x, 2);
      return add(leaked, 1);
    });
    await f(device.tensor([1]));
    const intermediate = leaked ?? expect.unreachable();
    await expect(intermediate.data()).rejects.toThrow(/belongs to a function being compiled/);
    expect(() => add(intermediate, 1)).toThrow(/belongs to a compiled function that is not being traced/);
    await expect(f(intermediate)).rejects.toThrow(TensorError);
  });

  test.each<[string, (inner: (x: Tensor) => Promise<Tensor>, x: Tensor) => unknown]>([
    ['as an arrow function', (inner, x) => inner(x)],
    ['and drop what it returns', (inner, x) => [inner(x), x][1]],
    ['several times', (inner, x) => [inner(x), inner(x)]],
    ['and handle the error later', (inner, x) => [inner(x).catch(() => x), x][1]],
  ])('cannot call a compiled function %s', async (_, body) => {
    const device = await sharedDevice();
    const inner = compile((x: Tensor) => add(x, 1));
    for (const use of [inner, inner.profile, inner.trace] as unknown as (typeof inner)[]) {
      const call = compile((x: Tensor) => body(use, x))(device.tensor([1]));
      await expect(call).rejects.toThrow(TensorError);
      await expect(call).rejects.toThrow(/called while another one is being compiled; call the plain function there\./);
    }
  });

  test('what it makes on the device is state, not part of the program', async () => {
    const device = await sharedDevice();
    const made: Tensor[] = [];
    const f = compile((x: Tensor) => {
      made.push(device.full([2], 3));
      return add(x, made[0]);
    });
    const x = device.tensor([1, 2]);
    await f(x);
    expect([...(await (await f(x)).data())]).toEqual([4, 5]);
    expect([...(await made[0].data())]).toEqual([3, 3]);
    expect(made).toHaveLength(1);
  });

  test('may return nothing', async () => {
    const device = await sharedDevice();
    const counter = device.tensor([0]);
    const count = compile((by: Tensor) => assign(counter, add(counter, by)), { device });
    expect(await count(2)).toBeUndefined();
    await count(3);
    expect(await counter.item()).toBe(5);
  });
});

describe('a compiled function', () => {
  test('gives its memory back, and compiles anew at the next call', async () => {
    const device = await sharedDevice();
    const f = compile((x: Tensor) => sum(mul(x, 2)));
    expect(() => f.memory()).toThrow(/has not been called yet/);
    const x = device.ones([1000]);
    await (await f(x)).item();
    expect(f.memory().planned).toBeGreaterThanOrEqual(f.memory().lowerBound);
    const { freeBytes } = device.memory();
    f.dispose();
    expect(device.memory().freeBytes).toBeGreaterThan(freeBytes);
    expect(f.statistics()).toEqual([]);
    expect(await (await f(x)).item()).toBe(2000);
  });

  test('reports its pipelines as they are compiled', async () => {
    const device = await sharedDevice();
    const progress: [number, number][] = [];
    const f = compile((x: Tensor) => sum(mul(x, 2)), { onCompile: (done, total) => progress.push([done, total]) });
    await f(device.ones([10]));
    expect(progress).toEqual([
      [1, 2],
      [2, 2],
    ]);
    expect(f.statistics()).toMatchObject([{ dispatches: 2, pipelines: 2, calls: 1 }]);
  });

  test('a kernel that the driver rejects costs an error, no memory, and not the device', async () => {
    const device = await sharedDevice();
    const broken = compile((x: Tensor) => add(badKernel(x), 1));
    const x = device.ones([1000]);
    const used = () => device.memory().bytes - device.memory().freeBytes;
    const before = used();
    await expect(broken(x)).rejects.toThrow(/^bad\.kernel: the driver rejected the kernel: /);
    await expect(broken(x)).rejects.toHaveProperty('name', 'ShaderError');
    expect(used()).toBeLessThanOrEqual(before);
    expect(await sum(x).item()).toBe(1000);
  });
});
