import { describe, expect, test } from 'vitest';
import { Adam, clipWithNorm, compile, gradients, LossScaler, mul, sum, type Tensor } from '../../src/index.js';
import { sharedDevice } from '../support/device.js';

const device = await sharedDevice();

/** Takes steps on loss = input · weight, whose gradient is the input, and tells scale, norm and weight after each. */
async function steps(inputs: readonly number[], options: ConstructorParameters<typeof LossScaler>[1], maxNorm = 1e6) {
  const scaler = new LossScaler(device, options);
  const adam = new Adam();
  const weight = device.tensor([1, 1], [2]);
  const step = compile(
    (input: Tensor) => {
      const scale = scaler.current();
      const own = gradients(scaler.scale(sum(mul(weight, input))), [weight]);
      const { gradients: clipped, norm } = clipWithNorm(own, maxNorm, { scale });
      adam.update([weight], clipped, 0.1, { onlyIfFinite: norm });
      scaler.update(norm);
      return { norm, gradient: mul(clipped[0], 1) };
    },
    { device },
  );
  const told = [];
  for (const input of inputs) {
    const { norm, gradient } = await step(device.tensor([input, input], [2]));
    const [scale, good] = await scaler.save();
    told.push({ scale, good, norm: await norm.item(), gradient: await gradient.data(), weight: await weight.data() });
  }
  return told;
}

describe('loss scaling', () => {
  test('leaves norm and gradients as they are without it', async () => {
    const [scaled] = await steps([3], { initial: 1024 });
    expect(scaled.norm).toBeCloseTo(3 * Math.SQRT2, 5);
    expect(Array.from(scaled.gradient)).toEqual([3, 3]);
    const [clipped] = await steps([3], { initial: 1024 }, 1);
    expect(clipped.gradient[0]).toBeCloseTo(Math.SQRT1_2, 5);
  });

  test('halves after a step that overflows, which it leaves out; doubles after good ones; keeps its bounds', async () => {
    const infinite = Number.POSITIVE_INFINITY;
    const told = await steps([1, infinite, 1, 1, 1, Number.NaN, infinite, infinite, infinite], {
      initial: 4,
      interval: 2,
      most: 4,
      least: 1,
    });
    expect(told.map(({ scale }) => scale)).toEqual([4, 2, 2, 4, 4, 2, 1, 1, 1]);
    expect(told.map(({ good }) => good)).toEqual([1, 0, 1, 0, 1, 0, 0, 0, 0]);
    const weights = told.map(({ weight }) => weight[0]);
    expect(weights[1]).toBe(weights[0]);
    expect(weights[2]).toBeLessThan(weights[1]);
    expect(weights.slice(5)).toEqual(Array(4).fill(weights[4]));
  });

  test('goes on from where it was saved', async () => {
    const scaler = new LossScaler(device);
    expect(Array.from(await scaler.save())).toEqual([2 ** 15, 0]);
    scaler.restore([64, 3]);
    expect(await scaler.current().item()).toBe(64);
    scaler.dispose();
  });
});
