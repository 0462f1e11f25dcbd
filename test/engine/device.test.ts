import { describe, expect, test, vi } from 'vitest';
import {
  add,
  compile,
  DeviceError,
  LimitError,
  mul,
  openDevice,
  record,
  ShaderError,
  sum,
  type Tensor,
  TensorError,
} from '../../src/index.js';
import { sharedDevice } from '../support/device.js';

describe('devices', () => {
  test('say what they are', async () => {
    const { info, limits } = await sharedDevice();
    expect(info.description).not.toBe('');
    expect(info.features).toEqual([...info.features].sort());
    expect(limits.maxStorageBufferBindingSize).toBeGreaterThanOrEqual(128 * 1024 * 1024);
  });

  test('are open several at once, each with tensors of its own', async () => {
    using first = await openDevice();
    using second = await openDevice();
    const [a, b] = [first.tensor([1]), second.tensor([2])];
    expect([await mul(a, 2).item(), await mul(b, 2).item()]).toEqual([2, 4]);
    for (const run of [() => add(a, b), () => add(b, a)]) {
      expect(run).toThrow(TensorError);
      expect(run).toThrow(
        /^add: inputs live on two devices \(.*\); move one with device\.tensor\(await tensor\.data\(\)/,
      );
    }
    // Closing one leaves the other.
    first.close();
    expect(await add(b, 1).item()).toBe(3);
  });

  test('refuse everything once closed, and closing twice is fine', async () => {
    const device = await openDevice();
    const x = device.tensor([1, 2]);
    const pending = mul(x, 2);
    const f = compile((y: Tensor) => add(y, 1));
    await f(x);
    const reading = x.data();
    device.close();
    device.close();
    const closed = new DeviceError('the device has been closed; open a new one.');
    const uses: (() => unknown)[] = [
      () => reading,
      () => device.tensor([1]),
      () => device.zeros([1]),
      () => add(x, 1),
      () => x.data(),
      () => pending.data(),
      () => x.write([1, 2]),
      () => f(x),
      () => f.profile(x),
      () => device.finished(),
    ];
    for (const use of uses) await expect((async () => use())()).rejects.toThrow(closed);
    expect(() => x.dispose()).not.toThrow();
    expect(() => f.dispose()).not.toThrow();
  });

  test('that are lost while a kernel is compiled say so, whatever becomes of the kernel', async () => {
    const device = await openDevice({ tuning: 'none' });
    const asked = new Promise<void>((resolve) => {
      // As Chromium does.
      vi.spyOn(device.gpu, 'createComputePipelineAsync').mockImplementation(() => {
        resolve();
        return new Promise(() => {});
      });
    });
    const call = compile(() => add(device.ones([2]), 1), { device })();
    await asked;
    device.gpu.destroy();
    // Dawn for Node tells of the loss when it looks whether something else is done.
    device.gpu.queue.onSubmittedWorkDone().catch(() => {});
    await expect(call).rejects.toThrow(/^the device was lost \(.+\); open a new one\.$/);
    device.close();
  });

  test('that were lost say so at the next use', async () => {
    const device = await openDevice();
    const x = device.tensor([1, 2]);
    const f = compile((y: Tensor) => add(y, 1));
    await f(x);
    device.gpu.destroy();
    await expect(x.data()).rejects.toThrow(DeviceError);
    await expect(f(x)).rejects.toThrow(DeviceError);
    await expect(f(x)).rejects.toThrow(/^the device was lost \(.+\); open a new one\.$/);
    expect(() => device.zeros([2])).toThrow(DeviceError);
    device.close();
  });
});

describe('limits', () => {
  test('a tensor larger than a binding is refused with both sizes', async () => {
    const device = await sharedDevice();
    const limit = device.limits.maxStorageBufferBindingSize;
    const size = limit / 4 + 64;
    const { bytes } = device.memory();
    const message = new RegExp(
      `shape ${size} needs a binding of ${size * 4} bytes, and this adapter binds at most ${limit}; use`,
    );
    const values = new Float32Array(size);
    for (const make of [() => device.zeros([size]), () => device.tensor(values), () => device.randn([size], 1)]) {
      expect(make).toThrow(LimitError);
      expect(make).toThrow(message);
    }
    expect(device.memory().bytes).toBe(bytes);
  });

  test('so is an intermediate, by name, before any memory is taken', async () => {
    const device = await sharedDevice();
    const limit = device.limits.maxStorageBufferBindingSize;
    const row = device.ones([1, 2 ** 15]);
    const rows = Math.ceil(limit / 2 ** 17) + 1;
    const column = device.ones([rows, 1]);
    const { bytes, freeBytes } = device.memory();
    const f = compile((a: Tensor, b: Tensor) => sum(mul(a, b)));
    await expect(f(column, row)).rejects.toThrow(LimitError);
    await expect(f(column, row)).rejects.toThrow(
      new RegExp(
        `^mul: a tensor of shape ${rows}×32768 needs a binding of \\d+ bytes, and this adapter binds at most ${limit}`,
      ),
    );
    await expect(sum(mul(column, row)).item()).rejects.toThrow(LimitError);
    expect(device.memory().bytes).toBe(bytes);
    // More, where tensors that other tests dropped were collected meanwhile.
    expect(device.memory().freeBytes).toBeGreaterThanOrEqual(freeBytes);
    expect(await sum(row).item()).toBe(2 ** 15);
  });

  test('and a grid of more workgroups than the adapter takes', async () => {
    const device = await sharedDevice();
    const x = device.ones([4]);
    const big = record(
      {
        name: 'big',
        shape: ([spec]) => [spec],
        lower: (lowering, [input], [output]) =>
          lowering.dispatch({
            label: 'big.pass',
            source: '',
            bindings: [input, output],
            writes: [1],
            workgroups: [70000, 1, 1],
          }),
      },
      [x],
      null,
    )[0];
    await expect(big.data()).rejects.toThrow(
      /^big: big\.pass asks for 70000×1×1 workgroups, and this adapter takes 1 to 65535/,
    );
  });
});

test('a kernel that the driver rejects is an error of the next read, with its label; then the device is unusable', async () => {
  using device = await openDevice();
  const x = device.ones([4]);
  const broken = record(
    {
      name: 'broken',
      shape: ([spec]) => [spec],
      lower: (lowering, [input], [output]) =>
        lowering.dispatch({
          label: 'broken.pass',
          source: '@compute @workgroup_size(1) fn main() { let x: f32 = true; }',
          bindings: [input, output],
          writes: [1],
          workgroups: [1, 1, 1],
        }),
    },
    [x],
    null,
  )[0];
  const reading = broken.data();
  await expect(reading).rejects.toThrow(ShaderError);
  await expect(reading).rejects.toThrow(/^broken\.pass: the driver rejected the kernel/);
  // Later ones have nothing to do with that kernel: they are told what became of the device.
  const later: (() => unknown)[] = [() => x.data(), () => add(x, 1), () => device.ones([1]), () => device.finished()];
  for (const use of later) {
    const used = (async () => use())();
    await expect(used).rejects.toThrow(DeviceError);
    await expect(used).rejects.toThrow(
      /^the device is unusable since an earlier error; open a new one\. broken\.pass: the driver rejected the kernel/,
    );
    await expect(used).rejects.toHaveProperty('cause.name', 'ShaderError');
  }
});
