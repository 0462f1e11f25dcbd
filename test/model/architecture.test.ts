import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Device } from '../../src/index.js';
import { DeepUNet, DsntDeepUNet, type DsntDeepUNetOptions } from '../../src/model/index.js';
import { CASES, propertyParameters } from '../support/check-operation.js';
import { sharedDevice } from '../support/device.js';
import { golden } from '../support/golden.js';
import { expectLayersInFloat64, testFrames } from './float64.js';
import { deepUNetReference } from './reference.js';

const reference = golden('model_dsnt_deep_unet_base2_256x256');

async function withModel<T>(
  options: DsntDeepUNetOptions,
  body: (model: DsntDeepUNet, device: Device) => T | Promise<T>,
): Promise<T> {
  const device = await sharedDevice();
  const model = new DsntDeepUNet({ device, seed: 3, path: '' }, options);
  try {
    return await body(model, device);
  } finally {
    model.dispose();
  }
}

const PRESETS = ['stride', 'pool', 'full'] as const;

/** Learned values by the table of layers: 3×3 convolutions without bias, batch norms, 2×2 transposed ones with. */
function countByTable(
  base: number,
  depth: number,
  inChannels: number,
  landmarks: number,
  preset: (typeof PRESETS)[number],
): number {
  const widths = [inChannels, base, 2 * base, 4 * base, ...Array.from({ length: depth - 3 }, () => 8 * base)];
  const pair = (from: number, to: number) => 9 * from * to + 9 * to * to + 4 * to;
  let count = 0;
  for (let level = 1; level <= depth; level++) count += pair(widths[level - 1], widths[level]);
  const up = (below: number) => 4 * below * below + below;
  for (let level = depth - 1; level >= (preset === 'full' ? 1 : 3); level--) {
    const [skip, below] = [widths[level], widths[level + 1]];
    count += up(below) + pair(skip + below, skip);
  }
  if (preset !== 'full') return count + widths[3] * landmarks + landmarks;
  // The last level has the frame's own size, where there is nothing to join.
  return count + up(base) + pair(base, base) + base * landmarks + landmarks;
}

describe('parameters of DSNT-DeepUNet', () => {
  test('46,645,315 at base 64 with one channel, whichever way a level halves', async () => {
    const stride = await withModel({}, (model) => model.parameterCount);
    const pool = await withModel({ preset: 'pool' }, (model) => model.parameterCount);
    expect([stride, pool]).toEqual([46_645_315, 46_645_315]);
    expect(countByTable(64, 7, 1, 3, 'stride')).toBe(46_645_315);
  });

  test('47,801,283 where the decoder climbs to the size of the frame', async () => {
    expect(await withModel({ preset: 'full' }, (model) => model.parameterCount)).toBe(47_801_283);
    expect(countByTable(64, 7, 1, 3, 'full')).toBe(47_801_283);
  });

  test('are those of Deep-UNet, under the same names: DSNT has none of its own', async () => {
    const device = await sharedDevice();
    const deep = new DeepUNet({ device, seed: 3, path: '' }, { base: 2 });
    const describeAll = (model: DeepUNet) =>
      Promise.all(model.named().map(async ({ name, tensor }) => [name, await tensor.data()]));
    const own = await describeAll(deep);
    deep.dispose();
    expect(await withModel({ base: 2 }, describeAll)).toEqual(own);
  });

  test('as many as the table of layers gives, at any width, depth and number of channels and landmarks', async () => {
    const options = fc.record({
      base: fc.integer({ min: 1, max: 6 }),
      depth: fc.integer({ min: 3, max: 8 }),
      inChannels: fc.integer({ min: 1, max: 3 }),
      landmarks: fc.integer({ min: 1, max: 5 }),
      preset: fc.constantFrom(...PRESETS),
    });
    await fc.assert(
      fc.asyncProperty(options, async (drawn) => {
        const { base, depth, inChannels, landmarks, preset } = drawn;
        expect(await withModel(drawn, (model) => model.parameterCount)).toBe(
          countByTable(base, depth, inChannels, landmarks, preset),
        );
      }),
      propertyParameters(),
    );
  });

  test('buffers are saved and not learned: two statistics for each of the two norms of every level', async () => {
    const buffers = await withModel({ base: 2 }, (model) => model.named().filter(({ learned }) => !learned));
    expect(buffers).toHaveLength(2 * 2 * (7 + 4));
    for (const { name } of buffers) expect(name).toMatch(/^(enc[1-7]|dec[1-4])\.bn[12]\.running_(mean|var)$/);
  });

  test('names and order of definition', async () => {
    const names = await withModel({ base: 1, depth: 4 }, (model) => model.named().map(({ name }) => name));
    const norm = (level: string) => ['weight', 'bias', 'running_mean', 'running_var'].map((part) => `${level}.${part}`);
    const pair = (level: string) => [
      `${level}.conv1.weight`,
      ...norm(`${level}.bn1`),
      `${level}.conv2.weight`,
      ...norm(`${level}.bn2`),
    ];
    expect(names).toEqual([
      ...['enc1', 'enc2', 'enc3', 'enc4'].flatMap(pair),
      'dec1.up.weight',
      'dec1.up.bias',
      ...pair('dec1'),
      'head.weight',
      'head.bias',
    ]);
  });

  test.runIf(reference)('names and shapes of the PyTorch model', async () => {
    const expected = Object.entries(reference?.tensors ?? {})
      .filter(([name]) => name.startsWith('param:') && !name.endsWith('num_batches_tracked'))
      .map(([name, { shape }]) => [name.slice(6), shape]);
    const ours = await withModel({ base: 2 }, (model) =>
      model.named().map(({ name, tensor: { shape } }) => {
        // Kernels end with their input (transposed convolutions: output) channels here, PyTorch's with the window.
        return [name, shape.length === 4 ? [shape[0], shape[3], shape[1], shape[2]] : shape];
      }),
    );
    expect(Object.fromEntries(ours)).toEqual(Object.fromEntries(expected));
  });
});

describe('heatmaps of DSNT-DeepUNet', () => {
  const logitsShape = (options: DsntDeepUNetOptions, shape: readonly number[]) =>
    withModel(options, async (model, device) => {
      const images = device.zeros(shape);
      const size = model.heatmapSize([shape[1], shape[2]]);
      const { logits, coordinates } = model.predict(images, { training: false });
      await logits.data();
      for (const tensor of [images, logits, coordinates]) tensor.dispose();
      expect(logits.shape).toEqual([shape[0], ...size, model.landmarks]);
      return [logits.shape, coordinates.shape];
    });

  test.each([
    ['stride', 512, 64],
    ['pool', 512, 64],
    ['stride', 128, 16],
    ['stride', 72, 9],
    ['stride', 100, 13],
    ['stride', 33, 5],
    ['stride', 9, 2],
    ['pool', 128, 16],
    ['pool', 200, 25],
    ['pool', 255, 31],
    ['full', 512, 64],
    ['full', 128, 16],
    ['full', 100, 13],
    ['full', 33, 5],
  ] as const)('preset %s, %i px: %i cells a side', async (preset, size, cells) => {
    expect(await logitsShape({ base: 1, preset }, [1, size, size, 1])).toEqual([
      [1, cells, cells, 3],
      [1, 3, 2],
    ]);
  });

  test('frames need not be square, nor one', async () => {
    const [logits] = await logitsShape({ base: 1, depth: 5, inChannels: 2, landmarks: 4 }, [2, 40, 100, 2]);
    expect(logits).toEqual([2, 5, 13, 4]);
  });

  test('values are those of the layers in float64, at sizes that do and do not halve evenly', async () => {
    const cases = fc.record({
      preset: fc.constantFrom(...PRESETS),
      depth: fc.integer({ min: 3, max: 4 }),
      height: fc.integer({ min: 17, max: 40 }),
      width: fc.integer({ min: 17, max: 40 }),
    });
    await fc.assert(
      fc.asyncProperty(cases, async ({ preset, depth, height, width }) => {
        await withModel({ base: 1, depth, preset }, async (model, device) => {
          const frames = testFrames([2, height, width, 1]);
          await expectLayersInFloat64(device, model, frames, await deepUNetReference(model, frames, { preset, depth }));
        });
      }),
      { ...propertyParameters(), numRuns: Math.ceil(CASES / 2) },
    );
  });

  test('images that vanish in the poolings are refused with the size that does not', async () => {
    await expect(logitsShape({ base: 1, preset: 'pool' }, [1, 127, 300, 1])).rejects.toThrow(
      /127×300 are too small for 7 poolings; use at least 128 px per side/,
    );
  });

  test('images that are none are refused with the shape that is one', async () => {
    await expect(logitsShape({ base: 1 }, [1, 64, 64, 3])).rejects.toThrow(/1×64×64×3; give \[N, H, W, 1\]/);
    await expect(logitsShape({ base: 1 }, [64, 64])).rejects.toThrow(/64×64; give \[N, H, W, 1\]\.$/);
    await expect(withModel({ base: 1, depth: 2 }, () => {})).rejects.toThrow(/depth 2 .* at least 3/);
  });
});
