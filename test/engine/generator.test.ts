import { describe, expect, test } from 'vitest';
import {
  add,
  checkpoint,
  compile,
  type Device,
  exp,
  gradients,
  mul,
  openDevice,
  type RandomSource,
  randomBernoulli,
  randomNormal,
  randomUniform,
  sum,
  type Tensor,
  TensorError,
} from '../../src/index.js';
import { checkedDevice, sharedDevice } from '../support/device.js';
import { moments } from '../support/moments.js';
import { philox } from '../support/philox.js';

/** The fourth word of a generator's counters: 'gene'. */
const TAG = 0x67656e65;

/** The uniform draws of a generator's draw number `index`, from the definition. */
function expected(count: number, key: readonly [number, number], [low, high]: readonly [number, number]): number[] {
  return Array.from({ length: Math.ceil(count / 4) }, (_, i) => philox([i, low, high, TAG], key))
    .flat()
    .slice(0, count)
    .map((word) => (word >>> 8) / 2 ** 24);
}

describe('a generator', () => {
  test('draws anew at every call of a compiled function, the bits of its definition', async () => {
    const device = await sharedDevice();
    const generator = device.generator(7);
    const f = compile((x: Tensor) => mul(x, randomUniform(device, [6], generator)));
    const one = device.ones([6]);
    for (let call = 0; call < 4; call++) {
      expect([...(await (await f(one)).data())]).toEqual(expected(6, [7, 0], [call, 0]));
    }
    expect([...(await generator.state())]).toEqual([7, 0, 4, 0]);
  });

  test('gives the same bits outside compiled functions, in checked mode, and whichever way draws are mixed', async () => {
    const values: number[][] = [];
    for (const device of [await sharedDevice(), await checkedDevice()]) {
      const generator = device.generator([3, 4]);
      const pair = compile(() => [randomUniform(device, [5], generator), randomUniform(device, [9], generator)], {
        device,
      });
      const drawn = [randomUniform(device, [5], generator), ...(await pair()), randomUniform(device, [2], generator)];
      // Read in another order than drawn.
      const read = new Map<Tensor, Float32Array>();
      for (const tensor of drawn.toReversed()) read.set(tensor, await tensor.data());
      values.push(drawn.flatMap((tensor) => [...(read.get(tensor) ?? [])]));
    }
    const definition = [5, 5, 9, 2].flatMap((count, call) => expected(count, [3, 4], [call, 0]));
    expect(values).toEqual([definition, definition]);
  });

  test('serves several compiled functions, each shape of argument, and calls that nobody waits for', async () => {
    const device = await sharedDevice();
    const generator = device.generator(11);
    const body = (x: Tensor) => add(x, randomUniform(device, x.shape, generator));
    const [f, g] = [compile(body), compile((x: Tensor) => body(mul(x, 1)))];
    const [small, large] = [device.zeros([4]), device.zeros([8])];
    const results = await Promise.all([f(small), g(large), g(small), f(large), f(small)]);
    for (const [i, result] of results.entries()) {
      expect([...(await result.data())]).toEqual(expected(result.size, [11, 0], [i, 0]));
    }
  });

  test('goes on from a saved state with the same bits, on another device too', async () => {
    const device = await sharedDevice();
    const generator = device.generator(13);
    const step = (one: Device, own: ReturnType<Device['generator']>) =>
      compile(() => randomNormal(one, [7], own, 1, 2), { device: one });
    const f = step(device, generator);
    for (let i = 0; i < 3; i++) (await f()).dispose();
    const saved = JSON.parse(JSON.stringify([...(await generator.state())]));
    const next = [await (await f()).data(), await (await f()).data()];
    expect(next[0]).not.toEqual(next[1]);
    generator.restore(saved);
    expect([await (await f()).data(), await (await f()).data()]).toEqual(next);

    using other = await openDevice({ tuning: 'none' });
    const resumed = other.generator(0);
    resumed.restore(saved);
    const g = step(other, resumed);
    expect([await (await g()).data(), await (await g()).data()]).toEqual(next);
  });

  test('counts beyond 2³² draws', async () => {
    const device = await sharedDevice();
    const generator = device.generator(2);
    generator.restore([2, 0, 0xffffffff, 0]);
    const drawn = [randomUniform(device, [4], generator), randomUniform(device, [4], generator)];
    expect([...(await drawn[0].data())]).toEqual(expected(4, [2, 0], [0xffffffff, 0]));
    expect([...(await drawn[1].data())]).toEqual(expected(4, [2, 0], [0, 1]));
    expect([...(await generator.state())]).toEqual([2, 0, 1, 1]);
  });

  test('refuses what is no state, a seed that is no whole number, and to be made or used in the wrong place', async () => {
    const device = await sharedDevice();
    const generator = device.generator(1);
    for (const words of [
      [1, 2, 3],
      [1, 2, 3, 4, 5],
      [1, 0, 0, -1],
      [1, 0, 0, 0.5],
      [1, 0, 0, 2 ** 32],
    ]) {
      expect(() => generator.restore(words)).toThrow(/is not a state of a generator; give the 4 whole numbers/);
    }
    for (const seed of [0.5, Number.NaN, 2 ** 60, [1], [1, 2, 3], '7', undefined] as number[]) {
      expect(() => device.generator(seed)).toThrow(/generator: got .* for seed; give a whole number below/);
    }
    const inside = compile((x: Tensor) => mul(x, randomUniform(device, [1], device.generator(1))));
    await expect(inside(device.ones([1]))).rejects.toThrow(/made inside a compiled function would start from its seed/);
    generator.dispose();
    expect(() => randomUniform(device, [1], generator)).toThrow(/generator 4 u32.* disposed/);
  });
});

describe('a checkpoint', () => {
  test.each(['compiled', 'not compiled'])('computes again with the same draws, and advances once, %s', async (way) => {
    const device = await sharedDevice();
    const x = device.randn([32], 5);
    const run = async (segment: <T>(body: () => T) => T) => {
      const generator = device.generator(17);
      const body = (input: Tensor) => {
        // exp keeps its result for the gradient: within a checkpoint it is computed again, and the draws with it.
        const y = segment(() =>
          exp(mul(mul(input, randomUniform(device, [32], generator)), randomNormal(device, [32], generator))),
        );
        const loss = sum(mul(y, y));
        return [loss, ...gradients(loss, [input])];
      };
      const values: Float32Array[] = [];
      for (let i = 0; i < 2; i++) {
        const f = compile(body);
        const results = way === 'compiled' ? await f(x) : body(x);
        for (const result of results) values.push(await result.data());
      }
      return { values, state: [...(await generator.state())] };
    };
    const recomputed = await run(checkpoint);
    expect(recomputed).toEqual(await run((body) => body()));
    expect(recomputed.state).toEqual([17, 0, 4, 0]);
    expect(recomputed.values[0]).not.toEqual(recomputed.values[2]);
  });
});

describe('a key on the device', () => {
  test.each([
    ['one word', [7], 7],
    ['two words', [0xffffffff, 3], [0xffffffff, 3]],
  ] as const)('of %s gives the bits of the number, compiled and not', async (_, words, key) => {
    const device = await sharedDevice();
    const tensor = device.tensor(words, [words.length], 'u32');
    const draws: ((source: RandomSource) => Tensor)[] = [
      (source) => randomUniform(device, [3, 5], source, -1, 2),
      (source) => randomNormal(device, [3, 5], source, 1, 3),
      (source) => randomBernoulli(device, [3, 5], source, 0.3),
    ];
    for (const draw of draws) {
      const values = await draw(key).data();
      expect(await draw(tensor).data()).toEqual(values);
      expect(await (await compile((k: Tensor) => draw(k))(tensor)).data()).toEqual(values);
    }
  });

  test('is read at each call: another key needs no other program', async () => {
    const device = await sharedDevice();
    const key = device.tensor([1, 0], [2], 'u32');
    const f = compile((x: Tensor) => add(x, randomUniform(device, [4], key)));
    const zero = device.zeros([4]);
    for (const step of [0, 1, 2]) {
      key.write([1, step]);
      expect(await (await f(zero)).data()).toEqual(await device.uniform([4], [1, step]).data());
    }
    expect(f.statistics()).toHaveLength(1);
  });

  test('is refused where it is f32, as a number given to a compiled function is, or has too many words', async () => {
    const device = await sharedDevice();
    const f = compile((x: Tensor, key: Tensor) => mul(x, randomUniform(device, [4], key)));
    await expect(f(device.ones([4]), 7)).rejects.toThrow(
      /randomUniform: the key is a tensor of shape .*, f32; give one or two/,
    );
    const words = device.tensor([1, 2, 3, 4], [4], 'u32');
    expect(() => randomNormal(device, [4], words)).toThrow(TensorError);
  });
});

test('a draw under a constant key within a compiled function is refused, with what to do', async () => {
  const device = await sharedDevice();
  const generator = device.generator(1);
  const draws: Record<string, () => Tensor> = {
    randomUniform: () => randomUniform(device, [4], 7),
    randomNormal: () => randomNormal(device, [4], [7, 8]),
    randomBernoulli: () => randomBernoulli(device, [4], 7, 0.5),
    randn: () => device.randn([4], 7),
    uniform: () => device.uniform([4], generator),
  };
  for (const [name, draw] of Object.entries(draws)) {
    await expect(compile((x: Tensor) => mul(x, draw()))(device.ones([4]))).rejects.toThrow(
      new RegExp(
        `^${name}: inside a compiled function .* the same at every call\\. For new numbers .*generator.*u32`,
        's',
      ),
    );
    expect((await draw().data()).length).toBe(4);
  }
});

describe('draws', () => {
  const CALLS = 64;
  const PER_CALL = 1024;
  const COUNT = CALLS * PER_CALL;

  /** What a compiled function draws in 64 calls. */
  async function calls(draw: (device: Device) => Tensor): Promise<Float32Array> {
    const device = await sharedDevice();
    const f = compile(() => draw(device), { device });
    const values = new Float32Array(COUNT);
    for (let i = 0; i < CALLS; i++) values.set(await (await f()).data(), i * PER_CALL);
    return values;
  }

  async function uniformCalls(seed: number): Promise<Float32Array> {
    const generator = (await sharedDevice()).generator(seed);
    return calls((device) => randomUniform(device, [PER_CALL], generator));
  }

  /** 99.99 % of a chi-squared distribution, by Wilson and Hilferty (1931): its cube root is nearly normal. */
  const chi2Bound = (freedom: number) => freedom * (1 - 2 / (9 * freedom) + 3.719 * Math.sqrt(2 / (9 * freedom))) ** 3;

  function chi2(counts: readonly number[]): number {
    const mean = counts.reduce((a, b) => a + b, 0) / counts.length;
    return counts.reduce((total, count) => total + (count - mean) ** 2 / mean, 0);
  }

  /** Pairs in 16 × 16 cells: independent uniforms fill them evenly, with 255 degrees of freedom. */
  function pairs(a: Float32Array, b: Float32Array): number {
    const cells = new Array<number>(256).fill(0);
    for (const [i, value] of a.entries()) cells[16 * Math.floor(16 * value) + Math.floor(16 * b[i])] += 1;
    return chi2(cells);
  }

  test('of many calls are uniform, and those of a call independent of those of the next', async () => {
    const values = await uniformCalls(21);
    const { mean, variance } = moments(values);
    // Five standard errors: variance 1/12, kurtosis 1.8.
    expect(Math.abs(mean - 1 / 2)).toBeLessThan(5 / Math.sqrt(12 * COUNT));
    expect(Math.abs(12 * variance - 1)).toBeLessThan(5 * Math.sqrt(0.8 / COUNT));
    const bins = new Array<number>(64).fill(0);
    for (const value of values) bins[Math.floor(64 * value)] += 1;
    expect(chi2(bins)).toBeLessThan(chi2Bound(63));
    expect(pairs(values.subarray(0, -PER_CALL), values.subarray(PER_CALL))).toBeLessThan(chi2Bound(255));
    expect(pairs(values.subarray(0, -1), values.subarray(1))).toBeLessThan(chi2Bound(255));
  });

  test('of neighbouring seeds are independent', async () => {
    expect(pairs(await uniformCalls(21), await uniformCalls(22))).toBeLessThan(chi2Bound(255));
  });

  test('of two streams, or of a stream and the same number as key, share no block', async () => {
    const device = await sharedDevice();
    const streams = [await uniformCalls(21), await uniformCalls(22), await device.uniform([COUNT], 21).data()];
    const blocks = new Set<string>();
    for (const values of streams) for (let i = 0; i < COUNT; i += 4) blocks.add(values.subarray(i, i + 4).join());
    // 96 bits each: by chance two of 49152 agree with a probability of 2⁻⁶⁵.
    expect(blocks.size).toBe((3 * COUNT) / 4);
  });

  test('that are normal have the moments of a normal distribution', async () => {
    const generator = (await sharedDevice()).generator(23);
    const { mean, variance, skewness, kurtosis } = moments(
      await calls((device) => randomNormal(device, [PER_CALL], generator, 3, 2)),
    );
    expect(Math.abs(mean - 3)).toBeLessThan((5 * 2) / Math.sqrt(COUNT));
    expect(Math.abs(variance / 4 - 1)).toBeLessThan(5 * Math.sqrt(2 / COUNT));
    expect(Math.abs(skewness)).toBeLessThan(5 * Math.sqrt(6 / COUNT));
    expect(Math.abs(kurtosis - 3)).toBeLessThan(5 * Math.sqrt(24 / COUNT));
  });

  test.each([0, 0.1, 0.5, 0.9, 1])(
    'of probability %d are 1 as often, in as many runs as independence has',
    async (p) => {
      const generator = (await sharedDevice()).generator(29);
      const values = await calls((device) => randomBernoulli(device, [PER_CALL], generator, p));
      expect(values.every((value) => value === 0 || value === 1)).toBe(true);
      const ones = values.reduce((a, b) => a + b, 0);
      expect(Math.abs(ones - COUNT * p)).toBeLessThanOrEqual(5 * Math.sqrt(COUNT * p * (1 - p)));
      // The runs test of NIST SP 800-22 (2.3) for any p: neighbours differ with a probability of q = 2p(1 − p); the sum
      // of the differences has the variance n·(q(1 − q) + 2(q/2 − q²)), as two that share a value differ both with
      // probability q/2.
      const q = 2 * p * (1 - p);
      let changes = 0;
      for (let i = 1; i < COUNT; i++) if (values[i] !== values[i - 1]) changes += 1;
      const variance = COUNT * (q * (1 - q) + 2 * (q / 2 - q * q));
      expect(Math.abs(changes - (COUNT - 1) * q)).toBeLessThanOrEqual(5 * Math.sqrt(variance));
    },
  );

  test('of a probability outside [0, 1] are refused', async () => {
    const device = await sharedDevice();
    for (const p of [-0.1, 1.1, Number.NaN]) expect(() => randomBernoulli(device, [1], 1, p)).toThrow(/from 0 to 1/);
  });
});
