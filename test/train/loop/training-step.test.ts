import { describe, expect, test } from 'vitest';
import type { Device } from '../../../src/index.js';
import { readWeights } from '../../../src/model/index.js';
import { buildModel, resolveConfig, type TrainingConfig } from '../../../src/train/index.js';
import { disposeBatch } from '../../../src/train/loop/batch-loader.js';
import { TrainingStep } from '../../../src/train/loop/training-step.js';
import { limitedDevice, sharedDevice } from '../../support/device.js';

const config = resolveConfig({
  model: { base: 8, depth: 3, inputSize: 32 },
  training: { batchSize: 6, seed: 4 },
  optimizer: { learningRate: 1e-3 },
});
const pixels = Float32Array.from({ length: 6 * 32 * 32 }, (_, i) => ((i * 7919) % 256) / 255);
const targets = Array.from({ length: 36 }, (_, i) => Math.sin(i) / 2);

/** Three steps on a device that pretends to bind at most `limit` bytes. */
async function threeSteps(limit: number) {
  const device = await limitedDevice(limit);
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

describe('accumulation', () => {
  const learningRate = 0.5;
  const configOf = (batchSize: number, accumulate: number) =>
    resolveConfig({
      model: config.model,
      optimizer: { name: 'sgd', clipNorm: null },
      training: { batchSize, accumulate, seed: 4 },
    });

  /** Losses and weights after one step on `count` frames from frame `first` on. */
  async function oneStep(own: TrainingConfig, first: number, count: number, on?: Device) {
    const device = on ?? (await sharedDevice());
    const model = buildModel(device, own);
    const step = new TrainingStep(device, model, own);
    const batch = {
      images: device.tensor(pixels.subarray(first * 1024, (first + count) * 1024), [count, 32, 32, 1]),
      targets: device.tensor(targets.slice(6 * first, 6 * (first + count)), [count, 3, 2]),
    };
    const losses = await step.run(batch, learningRate);
    const { parts } = step;
    const weights = await readWeights(model);
    disposeBatch(batch);
    step.dispose();
    model.dispose();
    return { losses, weights, parts };
  }

  test('takes one step by the mean gradient of all batches, batch norm seeing one at a time', async () => {
    // What PyTorch does where each batch's loss is divided by their number before its backward pass.
    const whole = await oneStep(configOf(2, 3), 0, 6);
    const parts: Awaited<ReturnType<typeof oneStep>>[] = [];
    for (const first of [0, 2, 4]) parts.push(await oneStep(configOf(2, 1), first, 2));
    const mean = (of: (part: (typeof parts)[number]) => number) => parts.reduce((sum, part) => sum + of(part) / 3, 0);
    expect(whole.losses.loss).toBeCloseTo(
      mean(({ losses }) => losses.loss),
      3,
    );
    expect(whole.losses.excess).toBeCloseTo(
      mean(({ losses }) => losses.excess),
      3,
    );
    // Without momentum a step of the mean gradient is the mean of the steps.
    let apart = 0;
    for (const [name, { data }] of Object.entries(whole.weights)) {
      if (name.includes('running')) continue;
      for (let i = 0; i < data.length; i++) {
        const expected = mean(({ weights }) => Number(weights[name].data[i]));
        expect(Math.abs(Number(data[i]) - expected), name).toBeLessThan(1e-4 * Math.max(1, Math.abs(expected)));
        apart = Math.max(apart, Math.abs(Number(parts[0].weights[name].data[i]) - expected));
      }
    }
    // The batches' own steps are not alike, so the mean is told from each of them.
    expect(apart).toBeGreaterThan(0.01);
  });

  test('is what a batch becomes that is split because it does not fit, to the bit', async () => {
    // Not on the shared device: kernels may choose their order of summation by what can be bound.
    const device = await limitedDevice(40000);
    const asked = await oneStep(configOf(3, 2), 0, 6, device);
    const split = await oneStep(configOf(6, 1), 0, 6, device);
    expect(split.parts).toBe(2);
    expect(split).toEqual(asked);
    device.close();
  });
});
