import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BufferUsage } from '../../src/engine/usage.js';
import * as ops from '../../src/index.js';
import { checkFused } from '../support/check-program.js';
import { checkedDevice, sharedDevice } from '../support/device.js';

// Sonde on a GPUDevice that somebody else has opened, here another device of sonde's.

const host = await sharedDevice();
let device: ops.Device;
beforeAll(async () => {
  device = await ops.openDevice({ device: host.gpu, tuning: 'none' });
});
afterAll(() => device.close());

const { COPY_SRC, COPY_DST, STORAGE } = BufferUsage;
function bufferOf(values: Float32Array<ArrayBuffer>, usage = COPY_SRC | COPY_DST | STORAGE): GPUBuffer {
  const buffer = host.gpu.createBuffer({ size: values.byteLength, usage });
  host.gpu.queue.writeBuffer(buffer, 0, values);
  return buffer;
}

describe('a device that is given', () => {
  test('computes, and is left open', async () => {
    const own = await ops.openDevice({ device: host.gpu, tuning: 'none' });
    expect(own.gpu).toBe(host.gpu);
    expect(own.info).toMatchObject({ description: host.info.description, software: host.info.software });
    expect([...(await ops.mul(own.tensor([1, 2, 3]), 2).data())]).toEqual([2, 4, 6]);
    const run = ops.compile((x: ops.Tensor) => ops.sum(ops.sin(x)), { device: own });
    expect(await (await run(own.tensor([0, 0]))).item()).toBe(0);
    own.close();
    expect(() => own.zeros([1])).toThrow(/closed/);
    expect(await host.ones([1]).item()).toBe(1);
  });

  test('is a GPUDevice, or refused', async () => {
    await expect(ops.openDevice({ device: {} as GPUDevice })).rejects.toThrow(
      'openDevice: got of type Object for device; give a GPUDevice.',
    );
  });
});

describe('buffers', () => {
  test('become tensors, and tensors go into buffers', async () => {
    const buffer = bufferOf(Float32Array.of(9, 1, 2, 3, 4));
    const x = await ops.fromBuffer(device, buffer, [2, 2], { offset: 4 });
    // What the buffer gets later is not the tensor's.
    host.gpu.queue.writeBuffer(buffer, 4, Float32Array.of(0, 0));
    const filled = await ops.toBuffer(ops.add(x, 1), { buffer, offset: 4 });
    expect(filled).toBe(buffer);
    expect([...(await (await ops.fromBuffer(device, buffer, [5])).data())]).toEqual([9, 2, 3, 4, 5]);
    const made = await ops.toBuffer(device.tensor([true, false], [2], 'bool'));
    expect([made.size, made.usage]).toEqual([8, STORAGE | COPY_SRC | COPY_DST]);
    const words = await ops.fromBuffer(device, made, [2], { dtype: 'u32' });
    expect([...(await words.data())]).toEqual([1, 0]);
    for (const own of [buffer, made]) own.destroy();
  });

  test('that do not fit are refused with what is wrong', async () => {
    const small = bufferOf(Float32Array.of(1, 2, 3));
    const refused = async (call: () => Promise<unknown>, sentence: string) => {
      await expect(call()).rejects.toThrow(ops.TensorError);
      await expect(call()).rejects.toThrow(sentence);
    };
    await refused(
      () => ops.fromBuffer(device, small, [4]),
      '4 f32 takes 16 bytes, and the buffer has 12 from which 0 are',
    );
    await refused(
      () => ops.fromBuffer(device, small, [2], { offset: 8 }),
      '2 f32 takes 8 bytes, and the buffer has 12',
    );
    await refused(
      () => ops.fromBuffer(device, small, [1], { offset: 2 }),
      'fromBuffer: offset is 2; give a multiple of 4.',
    );
    const closed = bufferOf(Float32Array.of(1), STORAGE | COPY_DST);
    await refused(() => ops.fromBuffer(device, closed, [1]), "fromBuffer: the buffer's usage lacks COPY_SRC");
    const out = bufferOf(Float32Array.of(1), STORAGE | COPY_DST);
    await refused(() => ops.toBuffer(device.ones([2]), { buffer: out }), 'toBuffer: 2 f32 takes 8 bytes');
    const other = await checkedDevice();
    const foreign = other.gpu.createBuffer({ size: 16, usage: COPY_SRC });
    await refused(() => ops.fromBuffer(device, foreign, [4]), 'fromBuffer: WebGPU refuses the buffer');
    await expect(ops.fromBuffer(device, 5 as unknown as GPUBuffer, [1])).rejects.toThrow(
      'got 5 for buffer; give a GPUBuffer.',
    );
    // The device goes on.
    expect(await device.ones([1]).item()).toBe(1);
    for (const own of [small, closed, out, foreign]) own.destroy();
  });
});

test("an operation of one's own fuses with others, on every type that it says", async () => {
  const cube: ops.Operation<ops.PointwiseAttributes> = ops.pointwise({
    name: 'cube',
    arity: 2,
    body: 'return x * x * x * y;',
    whole: 'return x * x * x * y;',
    gradient: ({ inputs: [x, y], outputGradients: [dy] }) => [
      dy && ops.sumTo(ops.mul(ops.mul(dy, y), ops.mul(ops.square(x), 3)), x.shape),
      dy && ops.sumTo(ops.mul(dy, ops.pow(x, 3)), y.shape),
    ],
  });
  const run = (x: ops.Tensor, y: ops.Tensor) => ops.record(cube, [x, y], {})[0];
  const [x, y] = [device.tensor([1, 2, 3, 4], [2, 2]), device.tensor([1, 10])];
  expect([...(await run(x, y).data())]).toEqual([1, 80, 27, 640]);
  const [dx, dy] = ops.gradients(ops.sum(run(x, y)), [x, y]);
  expect([...(await dx.data())]).toEqual([3, 120, 27, 480]);
  expect([...(await dy.data())].map(Math.round)).toEqual([28, 72]);
  expect([...(await run(device.tensor([3], [1], 'i32'), device.tensor([2], [1], 'i32')).data())]).toEqual([54]);
  const checked = await checkedDevice();
  const ones = checked.ones([5]);
  expect(await checkFused([ops.exp(run(ops.neg(ones), ones))])).toEqual(['neg+cube+exp']);
});
