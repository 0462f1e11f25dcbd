import { describe, expect, test } from 'vitest';
import { Adam, compile, type Device, MovingAverage, type Tensor } from '../../src/index.js';
import { expectClose } from '../support/check-operation.js';
import { checkedDevice, sharedDevice } from '../support/device.js';

const SIZES = [1, 3, 64, 65];
const DECAY = 0.75;

function drawn(size: number, seed: number): Float32Array {
  return Float32Array.from({ length: size }, (_, i) => Math.sin(12.9898 * (i + 1) + 78.233 * seed));
}

const tensors = (device: Device, seed: number) => SIZES.map((size, i) => device.tensor(drawn(size, seed + i)));

/**
 * Trains for some steps and compares the averages with their definition, from what the parameters were after each step.
 */
async function follow(device: Device): Promise<void> {
  const [parameters, averages] = [tensors(device, 0), tensors(device, 50)];
  const adam = new Adam();
  const average = new MovingAverage();
  const step = compile((rate: Tensor, ...gradients: Tensor[]) => {
    adam.update(parameters, gradients, 0.1);
    average.update(averages, parameters, rate);
  });
  const expected: Float64Array[] = SIZES.map((size) => new Float64Array(size));
  for (let t = 0; t < 5; t++) {
    const rate = t === 0 ? 1 : 1 - DECAY;
    await step(rate, ...tensors(device, 100 * (t + 1)));
    for (const [i, own] of expected.entries()) {
      const now = await parameters[i].data();
      // The first step makes the averages what the parameters are after it, whatever they were before.
      if (t === 0) expect(await averages[i].data()).toEqual(now);
      for (const [k, value] of own.entries()) own[k] = value + rate * (now[k] - value);
    }
  }
  for (const [i, own] of expected.entries()) expectClose(await averages[i].data(), own, 16, `average ${i}`, 1);
  adam.dispose();
  average.dispose();
}

describe('MovingAverage', () => {
  test('follows what an optimizer makes of parameters', async () => follow(await sharedDevice()));

  test('follows it in checked mode', async () => follow(await checkedDevice()));

  test('takes parameters from the optimizer’s arena: one dispatch for all, one for the rate', async () => {
    const device = await sharedDevice();
    const count = async (averaged: boolean) => {
      const [parameters, averages] = [tensors(device, 0), tensors(device, 50)];
      const adam = new Adam();
      const average = new MovingAverage();
      const step = compile((rate: Tensor, ...gradients: Tensor[]) => {
        adam.update(parameters, gradients, 0.1);
        if (averaged) average.update(averages, parameters, rate);
      });
      await step(1, ...tensors(device, 100));
      return step.statistics()[0].dispatches;
    };
    expect((await count(true)) - (await count(false))).toBe(2);
  });

  test('averages any tensors, also outside a compiled function and after others have packed the averages', async () => {
    const device = await sharedDevice();
    const [averages, values] = [
      [device.tensor([0, 0]), device.tensor([8])],
      [device.tensor([4, 8]), device.tensor([0])],
    ];
    const average = new MovingAverage();
    average.update(averages, values, 0.5);
    new Adam().update([averages[0]], [device.zeros([2])], 1);
    average.update(averages, values, 0.5);
    expect([...(await averages[0].data()), await averages[1].item()]).toEqual([3, 6, 2]);
  });

  test('refuses values that do not belong to the averages', async () => {
    const device = await sharedDevice();
    const average = new MovingAverage();
    expect(() => average.update([device.ones([2])], [], 1)).toThrow(/0 values for 1 averages; give one for each/);
    expect(() => average.update([], [], 1)).toThrow(/no averages; give at least one/);
  });

  test('gives its memory back when disposed, and the averages stay', async () => {
    const device = await sharedDevice();
    const value = device.ones([10_000]);
    const own = device.zeros([10_000]);
    const used = () => device.memory().bytes - device.memory().freeBytes;
    const before = used();
    const average = new MovingAverage();
    average.update([own], [value], 1);
    average.dispose();
    expect(used()).toBeLessThanOrEqual(before + 1024);
    expect(await own.data()).toEqual(await value.data());
  });
});
