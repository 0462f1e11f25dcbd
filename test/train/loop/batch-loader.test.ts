import { describe, expect, test } from 'vitest';
import type { Device } from '../../../src/index.js';
import { resolveConfig, type TrainingConfig } from '../../../src/train/index.js';
import { type Batch, type BatchLoader, disposeBatch, openBatchLoader } from '../../../src/train/loop/batch-loader.js';
import { LoadingShare } from '../../../src/train/loop/loading-share.js';
import { reportFull, sharedDevice } from '../../support/device.js';
import { phantomFrames } from './phantom-frames.js';

const SIZE = 48;
const frames = phantomFrames(5, SIZE);
/** Frame 1 is taken twice: the second time under another number, with draws of its own. */
const batch: Batch = { frames: Uint32Array.of(4, 1, 1, 0, 3), draws: Uint32Array.of(4, 1, 6, 0, 3), pass: 7 };

function configOf(device: boolean, more: object = {}): TrainingConfig {
  return resolveConfig({ model: { inputSize: SIZE, ...more }, training: { seed: 3 }, augmentation: { device } });
}

/** Bytes in use, without those kept for reuse. */
const used = (device: Device) => device.memory().bytes - device.memory().freeBytes;

async function valuesOf(loader: BatchLoader) {
  const loaded = await loader.load(batch);
  const [pixels, targets] = [await loaded.images.data(), await loaded.targets.data()];
  disposeBatch(loaded);
  return { pixels, targets, shape: loaded.images.shape };
}

describe('batches', () => {
  test.each(['linspace', 'pixel-centre'])(
    'are the same from device and CPU, on a %s grid, and give all memory back',
    async (grid) => {
      const device = await sharedDevice();
      // The first small tensor of a device makes a slab, which stays.
      device.tensor([0], [1]).dispose();
      const before = used(device);
      const [first, second] = [
        await openBatchLoader(device, frames, configOf(true, { grid })),
        await openBatchLoader(device, frames, configOf(false, { grid })),
      ];
      expect([first.place, second.place]).toEqual(['device', 'CPU']);
      const [made, expected] = [await valuesOf(first), await valuesOf(second)];
      expect(made.shape).toEqual([5, SIZE, SIZE, 1]);
      expect(made.shape).toEqual(expected.shape);
      const apart = (a: Float32Array, b: Float32Array) =>
        a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i])), 0);
      expect(255 * apart(made.pixels, expected.pixels)).toBeLessThan(0.1);
      // 10⁻³ px in a frame that is 2 wide.
      expect(apart(made.targets, expected.targets)).toBeLessThan(2e-3 / SIZE);
      expect((await valuesOf(first)).pixels).toEqual(made.pixels);
      expect(apart(made.targets.subarray(6, 12), made.targets.subarray(12, 18))).toBeGreaterThan(1 / SIZE);
      const during = used(device);
      first.dispose();
      second.dispose();
      expect(used(device)).toBeLessThan(during);
      expect(used(device)).toBeLessThanOrEqual(before);
    },
  );

  test('are made on the CPU, with one line about it, where the frames do not fit', async () => {
    const device = await sharedDevice();
    const notes: string[] = [];
    const before = used(device);
    const pop = reportFull(device);
    const loader = await openBatchLoader(device, frames, configOf(true), {
      note: (text) => notes.push(text),
    });
    pop.mockRestore();
    expect(loader.place).toBe('CPU');
    expect(notes).toEqual([
      expect.stringMatching(
        /^5 training frames do not fit the adapter \(the device has no room for 11520 bytes .*\); they are augmented on the CPU$/,
      ),
    ]);
    const cpu = await openBatchLoader(device, frames, configOf(false));
    expect((await valuesOf(loader)).pixels).toEqual((await valuesOf(cpu)).pixels);
    // What tests before this one have dropped may be collected meanwhile.
    expect(used(device)).toBeLessThanOrEqual(before);
  });
});

describe('the share of a step', () => {
  test('is told once, of the time between the ends of steps', async () => {
    const device = await sharedDevice();
    for (const place of ['device', 'CPU'] as const) {
      const notes: string[] = [];
      const loader = await openBatchLoader(device, frames, configOf(place === 'device'));
      const share = new LoadingShare(device, loader, (text) => notes.push(text));
      share.pause();
      share.step(1000);
      await share.report(batch);
      // A first step is not timed: kernels are compiled in it.
      expect(notes).toEqual([]);
      share.step(2000);
      share.pause();
      share.step(90_000);
      share.step(94_000);
      await share.report(batch);
      await share.report(batch);
      expect(notes).toHaveLength(1);
      const [, own, percent] = /in ([\d.]+) ms, ([\d.]+) % of a step of 2500 ms/.exec(notes[0]) ?? [];
      expect(notes[0]).toContain(`a batch is made on the ${place} in`);
      expect(Number(own)).toBeGreaterThan(0);
      expect(Math.abs(Number(percent) - Number(own) / 25)).toBeLessThan(0.1);
      loader.dispose();
    }
  });
});
