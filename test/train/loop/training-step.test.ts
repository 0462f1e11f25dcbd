import { describe, expect, test } from 'vitest';
import { openDevice } from '../../../src/index.js';
import { buildModel, resolveConfig } from '../../../src/train/index.js';
import { TrainingStep } from '../../../src/train/loop/training-step.js';

const config = resolveConfig({
  model: { base: 8, depth: 3, inputSize: 32 },
  training: { batchSize: 6, seed: 4 },
  optimizer: { learningRate: 1e-3 },
});
const pixels = Float32Array.from({ length: 6 * 32 * 32 }, (_, i) => ((i * 7919) % 256) / 255);
const targets = Array.from({ length: 36 }, (_, i) => Math.sin(i) / 2);

/** Three steps on a device that pretends to bind at most `limit` bytes. */
async function threeSteps(limit: number) {
  const device = await openDevice({ tuning: 'none' });
  const limits = new Proxy(device.limits, {
    get: (real, name) => (name === 'maxStorageBufferBindingSize' ? limit : Reflect.get(real, name, real)),
  });
  Object.defineProperty(device, 'limits', { value: limits });
  const notes: string[] = [];
  try {
    const model = buildModel(device, config);
    const step = new TrainingStep(device, model, config, { note: (text) => notes.push(text) });
    const losses = [];
    const batch = { images: device.tensor(pixels, [6, 32, 32, 1]), targets: device.tensor(targets, [6, 3, 2]) };
    for (let i = 0; i < 3; i++) losses.push(await step.run(batch, 1e-3));
    step.dispose();
    return { losses, notes };
  } finally {
    device.close();
  }
}

describe('TrainingStep', () => {
  test('splits a batch that the adapter cannot bind, says so, and trains on', async () => {
    const whole = await threeSteps(2 ** 27);
    expect(whole.notes).toEqual([]);
    // The largest activations are 6×16×16×8 floats, 49,152 bytes; the largest weight takes 36,864.
    const split = await threeSteps(40000);
    expect(split.notes).toHaveLength(1);
    expect(split.notes[0]).toMatch(/a batch of 6 frames does not fit .* it is split into 2 parts of 3/);
    // Batch norm sees other batches, so the losses differ, but they are losses of the same frames and both fall.
    for (const { losses } of [whole, split]) expect(losses[2].excess).toBeLessThan(losses[0].excess);
    expect(split.losses[0].loss).not.toBe(whole.losses[0].loss);
    expect(Math.abs(split.losses[0].loss / whole.losses[0].loss - 1)).toBeLessThan(0.1);
  });

  test('gives up with the limit in the message where splitting does not help', async () => {
    await expect(threeSteps(30000)).rejects.toThrow(/binds at most 30000/);
  });
});
