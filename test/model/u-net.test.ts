import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Device } from '../../src/index.js';
import { UNet, type UNetOptions } from '../../src/model/index.js';
import { CASES, propertyParameters } from '../support/check-operation.js';
import { sharedDevice } from '../support/device.js';
import { expectLayersInFloat64, testFrames } from './float64.js';
import { uNetReference } from './reference.js';

async function withModel<T>(options: UNetOptions, body: (model: UNet, device: Device) => T | Promise<T>): Promise<T> {
  const device = await sharedDevice();
  const model = new UNet({ device, seed: 4, path: '' }, options);
  try {
    return await body(model, device);
  } finally {
    model.dispose();
  }
}

describe('the U-Net baseline', () => {
  test('has 31,043,651 parameters with three channels', async () => {
    expect(await withModel({}, (model) => model.parameterCount)).toBe(31_043_651);
    expect(await withModel({ inChannels: 1 }, (model) => model.parameterCount)).toBe(31_043_651 - 2 * 9 * 64);
  });

  test('names and order of definition', async () => {
    const names = await withModel({ base: 1, depth: 1 }, (model) => model.named().map(({ name }) => name));
    const pair = (level: string) =>
      [1, 2].flatMap((number) => [
        ...['weight', 'bias'].map((part) => `${level}.conv${number}.${part}`),
        ...['weight', 'bias', 'running_mean', 'running_var'].map((part) => `${level}.bn${number}.${part}`),
      ]);
    expect(names).toEqual([
      ...pair('enc1'),
      ...pair('bottleneck'),
      'dec1.up.weight',
      'dec1.up.bias',
      ...pair('dec1'),
      'head.weight',
      'head.bias',
    ]);
  });

  test('values are those of the layers in float64, at sizes that do and do not halve evenly', async () => {
    const cases = fc.record({
      depth: fc.integer({ min: 1, max: 3 }),
      height: fc.integer({ min: 9, max: 33 }),
      width: fc.integer({ min: 9, max: 33 }),
      inChannels: fc.constantFrom(1, 3),
    });
    await fc.assert(
      fc.asyncProperty(cases, async ({ depth, height, width, inChannels }) => {
        await withModel({ base: 1, depth, inChannels }, async (model, device) => {
          const frames = testFrames([2, height, width, inChannels]);
          await expectLayersInFloat64(device, model, frames, await uNetReference(model, frames, depth));
        });
      }),
      { ...propertyParameters(), numRuns: Math.ceil(CASES / 2) },
    );
  });

  test('grey frames stand for all three channels', async () => {
    await withModel({ base: 2, depth: 2 }, async (model, device) => {
      const grey = testFrames([1, 16, 24, 1]);
      const repeated = { shape: [1, 16, 24, 3], values: Float64Array.from([...grey.values].flatMap((v) => [v, v, v])) };
      await expectLayersInFloat64(device, model, grey, await uNetReference(model, repeated, 2));
    });
  });

  test.each([
    [512, 64],
    [128, 16],
    [100, 13],
    [16, 2],
  ])('%i px make %i cells a side', async (size, cells) => {
    await withModel({ base: 1 }, async (model, device) => {
      const logits = model.logits(device.zeros([1, size, size, 1]), { training: false });
      expect(logits.shape).toEqual([1, cells, cells, 3]);
      expect(model.heatmapSize([size, size])).toEqual([cells, cells]);
    });
  });

  test('refuses frames that vanish, frames with other channels, and no pooling at all', async () => {
    const logits = (shape: number[]) =>
      withModel({ base: 1 }, (model, device) => void model.logits(device.zeros(shape), { training: false }));
    await expect(logits([1, 64, 15, 3])).rejects.toThrow(
      /^logits: images of 64×15 are too small for 4 poolings; use at least 16 px/,
    );
    await expect(logits([1, 64, 64, 2])).rejects.toThrow(
      /1×64×64×2; give \[N, H, W, 3\], or \[N, H, W, 1\] if they are/,
    );
    await expect(withModel({ depth: 0 }, () => {})).rejects.toThrow(
      /got 0 for depth; give a whole number of at least 1/,
    );
  });
});
