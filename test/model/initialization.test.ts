import { describe, expect, test } from 'vitest';
import type { Device } from '../../src/index.js';
import { type Builder, Conv2d, ConvTranspose2d, DoubleConv, DsntDeepUNet, Module } from '../../src/model/index.js';
import { sharedDevice } from '../support/device.js';

/** A model's values by name. The model is released. */
async function valuesOf(model: Module): Promise<Map<string, Float32Array>> {
  const values = new Map<string, Float32Array>();
  for (const { name, tensor } of model.named()) values.set(name, await tensor.data());
  model.dispose();
  return values;
}

const builder = (device: Device, seed: number): Builder => ({ device, seed, path: '' });
const unet = async (seed: number, depth = 4) =>
  valuesOf(new DsntDeepUNet(builder(await sharedDevice(), seed), { base: 4, depth }));

/**
 * That values are uniform draws in [−bound, bound): they fill that range, and mean and variance lie within four
 * standard errors of 0 and bound²/3.
 */
function expectUniform(values: Float32Array, bound: number, name: string): void {
  const n = values.length;
  const mean = values.reduce((sum, value) => sum + value, 0) / n;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / n;
  const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  // The bound itself may round up in float32.
  expect(largest, `${name}: largest`).toBeLessThanOrEqual(bound * (1 + 2 ** -23));
  // All n draws fall short of the outermost 10/n of the range with a probability of exp(−10).
  expect(largest, `${name}: reaches the bound`).toBeGreaterThan(bound * (1 - 10 / n));
  expect(Math.abs(mean), `${name}: mean`).toBeLessThan((4 * bound) / Math.sqrt(3 * n));
  // A uniform variable's squared deviation has the variance bound⁴ · 4/45.
  expect(Math.abs(variance - bound ** 2 / 3), `${name}: variance`).toBeLessThan(
    4 * bound ** 2 * Math.sqrt(4 / (45 * n)),
  );
}

describe("initial values, which are PyTorch's", () => {
  test('convolutions: weight and bias uniform within 1/√(inC·k²)', async () => {
    const device = await sharedDevice();
    const values = await valuesOf(new Conv2d(builder(device, 5), 16, 4000, { kernelSize: 3 }));
    const bound = 1 / Math.sqrt(16 * 9);
    expectUniform(values.get('weight') ?? expect.unreachable(), bound, 'weight');
    expectUniform(values.get('bias') ?? expect.unreachable(), bound, 'bias');
  });

  test('transposed convolutions: weight and bias uniform within 1/√(outC·k²)', async () => {
    const device = await sharedDevice();
    const options = { kernelSize: 2, stride: 2 };
    const values = await valuesOf(new ConvTranspose2d(builder(device, 5), 3, 4000, options));
    const bound = 1 / Math.sqrt(4000 * 4);
    expectUniform(values.get('weight') ?? expect.unreachable(), bound, 'weight');
    expectUniform(values.get('bias') ?? expect.unreachable(), bound, 'bias');
  });

  test('within the network every kernel has the bound of its own shape', async () => {
    const values = await unet(1);
    const fanIn: Record<string, number> = {
      'enc1.conv1.weight': 1 * 9,
      'enc1.conv2.weight': 4 * 9,
      'enc4.conv2.weight': 32 * 9,
      'dec1.up.weight': 32 * 4,
      'dec1.up.bias': 32 * 4,
      'dec1.conv1.weight': (16 + 32) * 9,
      'head.weight': 16,
    };
    for (const [name, fan] of Object.entries(fanIn)) {
      expectUniform(values.get(name) ?? expect.unreachable(name), 1 / Math.sqrt(fan), name);
    }
  });

  test('batch norms: weight 1, bias 0, running mean 0, running variance 1', async () => {
    const values = await unet(1);
    const start = { weight: 1, bias: 0, running_mean: 0, running_var: 1 };
    let seen = 0;
    for (const [name, own] of values) {
      const part = /\.bn[12]\.(.*)$/.exec(name)?.[1] as keyof typeof start | undefined;
      if (part === undefined) continue;
      expect([...new Set(own)], name).toEqual([start[part]]);
      seen += 1;
    }
    expect(seen).toBe(4 * 2 * (4 + 1));
  });
});

describe('seeds', () => {
  test('the same seed gives the same bits', async () => {
    expect(await unet(7)).toEqual(await unet(7));
  });

  test('another seed gives other values in every kernel', async () => {
    const [first, second] = [await unet(7), await unet(8)];
    for (const [name, values] of first) {
      if (/conv|up|head/.test(name)) expect(values, name).not.toEqual(second.get(name));
    }
  });

  test('no two tensors of one shape share their values', async () => {
    const kernels = [...(await unet(7))].filter(([name]) => /conv|up|head/.test(name));
    const texts = kernels.map(([, values]) => values.slice(0, 3).join());
    expect(new Set(texts).size).toBe(kernels.length);
  });

  test('a layer more leaves the values of the others alone', async () => {
    const [four, five] = [await unet(7, 4), await unet(7, 5)];
    // Levels one to four and the head are in both; the decoders are numbered from the deepest.
    for (const [name, values] of four) if (/^(enc|head)/.test(name)) expect(five.get(name), name).toEqual(values);
    expect(five.has('enc5.conv1.weight')).toBe(true);
  });
});

describe('Module', () => {
  class Twice extends Module {
    constructor(b: Builder) {
      super(b);
      this.constant('scale', [2], 1);
      this.constant('scale', [2], 1);
    }
  }

  test('refuses a second tensor of one name', async () => {
    const device = await sharedDevice();
    expect(() => new Twice({ ...builder(device, 1), path: 'part' })).toThrow(/part\.scale is defined twice/);
  });

  test('names start with its own path', async () => {
    const device = await sharedDevice();
    const module = new DoubleConv({ ...builder(device, 1), path: 'a.b' }, 1, 2);
    expect(module.named()[0].name).toBe('a.b.conv1.weight');
    expect(module.named()[0].tensor.label).toBe('a.b.conv1.weight');
    module.dispose();
  });

  test('gives its memory back', async () => {
    const device = await sharedDevice();
    const used = () => device.memory().bytes - device.memory().freeBytes;
    new DsntDeepUNet(builder(device, 1), { base: 8 }).dispose();
    const before = used();
    const model = new DsntDeepUNet(builder(device, 1), { base: 8 });
    // Small tensors share slabs; the large ones alone take this much.
    expect(used() - before).toBeGreaterThan(2e6);
    model.dispose();
    expect(used()).toBeLessThanOrEqual(before);
  });
});
