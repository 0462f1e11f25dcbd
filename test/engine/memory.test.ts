import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, test, vi } from 'vitest';
import { Heap } from '../../src/engine/memory-heap.js';
import { add, compile, type Device, mul, reshape, sum, type Tensor, TensorError } from '../../src/index.js';
import { reportFull, sharedDevice } from '../support/device.js';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** Bytes in use: those that exist, less those kept for reuse. */
function used(device: Device): number {
  const { bytes, freeBytes } = device.memory();
  return bytes - freeBytes;
}

describe('tensors', () => {
  test('give their memory back when disposed, and others take it', async () => {
    const device = await sharedDevice();
    const before = used(device);
    const first = device.tensor(new Float32Array(5000));
    expect(used(device) - before).toBeGreaterThanOrEqual(20_000);
    first.dispose();
    expect(used(device)).toBeLessThanOrEqual(before);
    const { buffers } = device.memory();
    const second = device.tensor(new Float32Array(5000).fill(2));
    expect(device.memory().buffers).toBe(buffers);
    expect((await second.data())[4999]).toBe(2);
    second.dispose();
  });

  test('may be disposed twice, and by `using`', async () => {
    const device = await sharedDevice();
    const before = used(device);
    const tensor = device.tensor(new Float32Array(5000));
    tensor.dispose();
    tensor.dispose();
    expect(used(device)).toBeLessThanOrEqual(before);
    {
      using scoped = device.zeros([5000]);
      expect(used(device)).toBeGreaterThan(before);
      expect(scoped.disposed).toBe(false);
    }
    expect(used(device)).toBeLessThanOrEqual(before);
    // A second owner of the same buffer would show as two tensors with one content.
    const [a, b] = [device.tensor(new Float32Array(5000).fill(1)), device.tensor(new Float32Array(5000).fill(2))];
    expect((await a.data())[0]).toBe(1);
    for (const own of [a, b]) own.dispose();
  });

  test('cannot be used once disposed', async () => {
    const device = await sharedDevice();
    const [x, y] = [device.tensor([1, 2]), device.tensor([1, 2])];
    const pending = mul(x, 2);
    x.label = 'weight';
    x.dispose();
    const uses: (() => unknown)[] = [
      () => x.data(),
      () => x.item(),
      () => add(x, y),
      () => x.write([1, 2]),
      () => reshape(x, [2, 1]),
    ];
    for (const use of uses) await expect((async () => use())()).rejects.toThrow(TensorError);
    await expect(x.data()).rejects.toThrow('data: the tensor (weight 2 f32) has been disposed; read it before.');
    expect(() => add(y, x)).toThrow(
      /^add: an input \(weight 2 f32\) has been disposed; dispose a tensor after its last use\.$/,
    );
    await expect(pending.data()).rejects.toThrow(/needs a tensor \(weight 2 f32\) that has since been disposed/);
  });

  test('may be disposed while their values are on the way', async () => {
    const device = await sharedDevice();
    const x = device.tensor(new Float32Array(5000).fill(3));
    const reading = x.data();
    x.dispose();
    const other = device.tensor(new Float32Array(5000).fill(4));
    expect((await reading)[4999]).toBe(3);
    other.dispose();
  });

  test('that are small share a buffer, and their slots are used again', async () => {
    const device = await sharedDevice();
    device.tensor([0]).dispose();
    const { buffers, bytes } = device.memory();
    for (let i = 0; i < 3000; i++) device.tensor([i]).dispose();
    expect(device.memory()).toMatchObject({ buffers, bytes });
    const many = Array.from({ length: 100 }, (_, i) => device.tensor([i]));
    const values = await Promise.all(many.map((tensor) => tensor.item()));
    expect(values).toEqual(many.map((_, i) => i));
    for (const tensor of many) tensor.dispose();
  });

  test('refuse wrong counts and shapes without taking memory', async () => {
    const device = await sharedDevice();
    const before = used(device);
    expect(() => device.tensor(new Float32Array(5000), [4999])).toThrow(/5000 values for shape 4999, which holds 4999/);
    expect(() => device.tensor([1], [1.5])).toThrow(
      /got \[1.5\] for shape; give an array of whole numbers of at least 1/,
    );
    expect(used(device)).toBeLessThanOrEqual(before);
    const x = device.tensor([1, 2]);
    expect(() => x.write([1])).toThrow(/write: 1 values for shape 2, which holds 2/);
    await expect(x.item()).rejects.toThrow(/item: the tensor has 2 values \(shape 2\)/);
  });

  test('that are forgotten come back with the garbage collector', async () => {
    const device = await sharedDevice();
    const before = used(device);
    (() => {
      for (let i = 0; i < 10; i++) device.tensor(new Float32Array(100_000));
    })();
    expect(used(device) - before).toBeGreaterThanOrEqual(4_000_000);
    for (let i = 0; i < 20 && used(device) > before; i++) {
      collectGarbage();
      await sleep(5);
    }
    expect(used(device)).toBeLessThanOrEqual(before);
  });
});

describe('reading', () => {
  test('keeps small buffers for the next time and destroys large ones', async () => {
    const device = await sharedDevice();
    const destroyed = vi.fn();
    const create = device.gpu.createBuffer.bind(device.gpu);
    const spy = vi.spyOn(device.gpu, 'createBuffer').mockImplementation((descriptor) => {
      const buffer = create(descriptor);
      const destroy = buffer.destroy.bind(buffer);
      buffer.destroy = () => destroyed(descriptor.label, destroy());
      return buffer;
    });
    using large = device.zeros([5_000_000]);
    using small = device.zeros([100_000]);
    for (const tensor of [large, small]) expect((await tensor.data()).length).toBe(tensor.size);
    expect(destroyed.mock.calls).toEqual([['read-back', undefined]]);
    spy.mockClear();
    await small.data();
    expect(spy).not.toHaveBeenCalled();
    spy.mockRestore();
  });

  test('many at once gives each its own', async () => {
    const device = await sharedDevice();
    const values = await Promise.all(Array.from({ length: 20 }, (_, i) => device.full([10], i).data()));
    for (const [i, array] of values.entries()) expect([...array]).toEqual(new Array(10).fill(i));
  });
});

describe('evaluation', () => {
  test('keeps what was read and nothing else', async () => {
    const device = await sharedDevice();
    const x = device.ones([10_000]);
    await add(x, 1).data();
    const before = used(device);
    const hidden = mul(x, 2);
    const result = add(hidden, 1);
    expect((await result.data())[0]).toBe(3);
    expect(used(device) - before).toBeLessThan(2 * 40_960);
    result.dispose();
    expect(used(device)).toBeLessThanOrEqual(before);
  });

  test('of a tensor twice runs its operations once', async () => {
    const device = await sharedDevice();
    const result = add(device.ones([100]), 1);
    await result.data();
    const { submits } = device;
    await result.data();
    expect(device.submits).toBe(submits + 1);
  });
});

test('the heap destroys what it cannot keep', async () => {
  const device = await sharedDevice();
  const heap = new Heap(device.gpu, 0);
  const half = 300 * 1024 * 1024;
  if (device.limits.maxBufferSize < half) return;
  const both = [heap.allocateBuffer(half, 'first'), heap.allocateBuffer(half, 'second')];
  for (const allocation of both) heap.releaseBuffer(allocation);
  expect(heap.statistics().buffers).toBe(1);
  for (const allocation of both) allocation.buffer.destroy();
});

describe('memory that the device may not have', () => {
  test('is an error where there is none, and the device goes on without what it kept', async () => {
    const device = await sharedDevice();
    const made = await device.allocate(() => device.ones([10_000]));
    expect((await made.data())[9999]).toBe(1);
    made.dispose();
    expect(device.memory().freeBytes).toBeGreaterThanOrEqual(40_000);
    const before = used(device);
    const pop = reportFull(device);
    await expect(device.allocate(() => device.tensor(new Float32Array(20_000)))).rejects.toThrow(
      /the device has no room for 80000 bytes \(full\); use fewer or smaller tensors/,
    );
    pop.mockRestore();
    expect(used(device)).toBeLessThanOrEqual(before);
    // A buffer that could not be provided must not be handed out again.
    expect(device.memory().freeBytes).toBe(0);
    expect(await mul(device.ones([2]), 3).data()).toEqual(Float32Array.of(3, 3));
  });

  test('hands on what making the tensor throws', async () => {
    const device = await sharedDevice();
    await expect(device.allocate(() => device.tensor([1, 2], [3]))).rejects.toThrow(/2 values for shape 3/);
    expect(await device.ones([1]).item()).toBe(1);
  });
});

test('the results of a compiled function are the caller’s to dispose', async () => {
  const device = await sharedDevice();
  const f = compile((x: Tensor) => mul(x, 2));
  const x = device.ones([10_000]);
  (await f(x)).dispose();
  const before = used(device);
  const result = await f(x);
  const during = used(device);
  result.dispose();
  expect(used(device)).toBeLessThan(during);
  expect(used(device)).toBeLessThanOrEqual(before);
});

test('a compiled function that is forgotten gives its memory back with the garbage collector', async () => {
  const device = await sharedDevice();
  const x = device.ones([100_000]);
  const before = used(device);
  await (async () => {
    const f = compile((y: Tensor) => sum(mul(y, 2)));
    (await f(x)).dispose();
    expect(used(device) - before).toBeGreaterThanOrEqual(400_000);
  })();
  for (let i = 0; i < 20 && used(device) > before; i++) {
    collectGarbage();
    await sleep(5);
  }
  expect(used(device)).toBeLessThanOrEqual(before);
});
