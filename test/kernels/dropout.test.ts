import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  Adam,
  compile,
  type Device,
  dropout,
  gradients,
  matmul,
  mean,
  mul,
  openDevice,
  relu,
  ShapeError,
  square,
  sub,
  sum,
  type Tensor,
} from '../../src/index.js';
import { dropoutReference } from '../../src/kernels/dropout/reference.js';
import { type Case, checkOperation, shapes } from '../support/check-operation.js';
import { sharedDevice } from '../support/device.js';
import { philox } from '../support/philox.js';

interface Attributes {
  readonly p: number;
  readonly seed: number;
}

/** What the first draw of a generator keeps, from the definition. */
function firstMask(count: number, { p, seed }: Attributes): boolean[] {
  const blocks = Array.from({ length: Math.ceil(count / 4) }, (_, i) => philox([i, 0, 0, 0x67656e65], [seed, 0]));
  return blocks
    .flat()
    .slice(0, count)
    .map((word) => (word >>> 8) / 2 ** 24 < Math.fround(1 - p));
}

/** What the first draw of a generator keeps of `count` values, and what it drops. */
async function positions(device: Device, count: number, seed: number): Promise<{ kept: number[]; dropped: number[] }> {
  using generator = device.generator(seed);
  const values = await dropout(device.ones([count]), { generator }).data();
  const all = [...values.keys()];
  return { kept: all.filter((i) => values[i] !== 0), dropped: all.filter((i) => values[i] === 0) };
}

describe('dropout', () => {
  test('multiplies by the mask of the generator, forward and backward', () =>
    checkOperation<Attributes>({
      cases: fc
        .tuple(
          fc.integer({ min: 1, max: 4 }).chain((rank) => shapes(rank)),
          fc.constantFrom(0.1, 0.25, 0.5, 0.9),
          fc.nat(1e6),
        )
        .map(([shape, p, seed]): Case<Attributes> => ({ inputs: [{ shape }], attributes: { p, seed } })),
      run: ([x], { p, seed }) => dropout(x, { p, generator: x.device.generator(seed) }),
      reference: ([{ shape, values }], attributes) => ({
        shape,
        values: dropoutReference(values, firstMask(values.length, attributes), attributes.p),
      }),
    }));

  test('keeps a share of 1 − p, and the mean of what it is given', async () => {
    const device = await sharedDevice();
    const count = 2 ** 16;
    for (const p of [0.1, 0.5, 0.8]) {
      const values = await dropout(device.ones([count]), { p, generator: device.generator(3) }).data();
      const kept = values.filter((value) => value !== 0).length;
      expect(Math.abs(kept - count * (1 - p))).toBeLessThan(5 * Math.sqrt(count * p * (1 - p)));
      const total = values.reduce((a, b) => a + b, 0);
      expect(Math.abs(total / count - 1)).toBeLessThan(5 * Math.sqrt(p / (1 - p) / count));
    }
  });

  test('in a compiled function drops others at each call, and gradients see the mask of their call', async () => {
    const device = await sharedDevice();
    const generator = device.generator(5);
    const x = device.ones([256]);
    const f = compile((input: Tensor) => {
      const y = dropout(input, { p: 0.25, generator });
      return { y, slope: gradients(sum(y), [input])[0] };
    });
    const masks: string[] = [];
    for (let call = 0; call < 3; call++) {
      const { y, slope } = await f(x);
      const values = await y.data();
      expect(await slope.data()).toEqual(values);
      expect(new Set(values)).toEqual(new Set([0, Math.fround(1 / 0.75)]));
      masks.push(values.join());
    }
    expect(new Set(masks).size).toBe(3);
  });

  test('gives NaN for NaN, dropped or not, and for a dropped infinity, as PyTorch; so does its gradient', async () => {
    const device = await sharedDevice();
    const [seed, count] = [9, 64];
    const { kept, dropped } = await positions(device, count, seed);
    const values = new Float32Array(count).fill(1);
    for (const [i, value] of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY].entries()) {
      values[kept[i]] = value;
      values[dropped[i]] = value;
    }
    const expected = values.map((value, i) => (kept.includes(i) ? 2 * value : value * 0));
    const [x, upstream] = [device.tensor(values), device.tensor(values)];
    const generator = device.generator(seed);
    const run = (input: Tensor, upstream: Tensor) => {
      const y = dropout(input, { generator });
      return [y, gradients(sum(mul(y, upstream)), [input])[0]];
    };
    for (const f of [run, compile(run)]) {
      generator.restore([seed, 0, 0, 0]);
      const [y, slope] = await f(x, upstream);
      expect(await y.data()).toEqual(expected);
      expect(await slope.data()).toEqual(expected);
    }
  });

  test('with p = 0, or not in training, hands x on, and with p = 1 gives zeros; nothing is drawn', async () => {
    const device = await sharedDevice();
    const generator = device.generator(1);
    const x = device.tensor([1, -2, Number.NaN, Number.POSITIVE_INFINITY]);
    expect(dropout(x, { p: 0, generator })).toBe(x);
    expect(dropout(x, { generator, training: false })).toBe(x);
    const y = dropout(x, { p: 1, generator });
    const [slope] = gradients(sum(y), [x]);
    expect([...(await y.data())]).toEqual([0, -0, Number.NaN, Number.NaN]);
    expect([...(await slope.data())]).toEqual([0, 0, 0, 0]);
    expect([...(await generator.state())]).toEqual([1, 0, 0, 0]);
  });

  test('leaves halves halves', async (context) => {
    const device = await sharedDevice();
    context.skip(!device.traits.f16, 'the adapter has no f16');
    const x = device.tensor([1, 2, 3], [3], 'f16');
    const y = dropout(x, { p: 0.5, generator: device.generator(4) });
    expect(y.dtype).toBe('f16');
    for (const [i, value] of (await y.data()).entries()) expect([0, 2 * (i + 1)]).toContain(value);
  });

  test('refuses a p that is no probability, and to choose without a generator', async () => {
    const device = await sharedDevice();
    const [x, generator] = [device.ones([2]), device.generator(1)];
    for (const p of [-0.1, 1.5, Number.NaN]) expect(() => dropout(x, { p, generator })).toThrow(ShapeError);
    expect(() => dropout(x, {} as never)).toThrow(ShapeError);
    expect(() => dropout(x, { generator: 7 as never })).toThrow(/as in \{ generator: device\.generator\(seed\) \}/);
  });
});

test('a training with dropout that is resumed ends with the bits of one that was never stopped', async () => {
  const start = async (device: Device) => {
    const weights = [device.randn([3, 16], 1), device.randn([16, 1], 2)];
    const [adam, generator] = [new Adam(), device.generator(3)];
    const step = compile((x: Tensor, y: Tensor) => {
      const hidden = dropout(relu(matmul(x, weights[0])), { generator });
      const loss = mean(square(sub(matmul(hidden, weights[1]), y)));
      adam.update(weights, gradients(loss, weights), 0.05);
      return loss;
    });
    const [x, y] = [device.randn([8, 3], 4), device.randn([8, 1], 5)];
    const train = async (steps: number) => {
      const losses: number[] = [];
      for (let i = 0; i < steps; i++) losses.push(await (await step(x, y)).item());
      return losses;
    };
    return { weights, adam, generator, train };
  };
  const values = (weights: readonly Tensor[]) => Promise.all(weights.map((weight) => weight.data()));
  const device = await sharedDevice();
  const whole = await start(device);
  const losses = await whole.train(6);

  const first = await start(device);
  expect(await first.train(3)).toEqual(losses.slice(0, 3));
  const saved = { adam: await first.adam.state(), generator: await first.generator.state() };
  const savedWeights = await values(first.weights);

  using other = await openDevice({ tuning: 'none' });
  const resumed = await start(other);
  for (const [i, weight] of resumed.weights.entries()) weight.write(savedWeights[i]);
  resumed.adam.restore(resumed.weights, saved.adam);
  resumed.generator.restore(saved.generator);
  expect(await resumed.train(3)).toEqual(losses.slice(3));
  expect(await values(resumed.weights)).toEqual(await values(whole.weights));
});
