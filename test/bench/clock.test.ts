import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { measured, repeat, timeByWallClock, timeKernel, timestampFault } from '../../bench/clock.js';
import { compile, type Device, gradients, matmul, mul, sum, type Tensor } from '../../src/index.js';
import { sharedDevice } from '../support/device.js';

const BUDGET = { milliseconds: 20, leastSamples: 3, mostSamples: 5 };

let device: Device;
/** Bytes in use, without those kept for reuse. */
const held = () => device.memory().bytes - device.memory().freeBytes;
beforeAll(async () => {
  device = await sharedDevice();
});

describe('timestampFault', () => {
  it('finds nothing wrong with a fine timer', () => {
    expect(
      timestampFault([
        [0.123457, 0.001234],
        [0.124113, 0.001301],
        [0.122902, 0.0013],
      ]),
    ).toBeUndefined();
  });

  it('names the step of a coarse one', () => {
    // 65,536 ns, as Dawn rounds by default.
    const samples = [[0.131072], [0.196608], [0.131072]];
    expect(timestampFault(samples)).toBe('timestamps step by 65,536 ns');
  });

  it('does not mind a coarse step in a long time', () => {
    const samples = [[6.5536 * 3], [6.5536 * 4 + 0.065536]];
    expect(timestampFault(samples)).toBeUndefined();
  });

  it('finds a timer that stands still', () => {
    expect(timestampFault([[0], [0], [0]])).toBe('timestamps do not advance during a kernel');
    expect(timestampFault([[], [], []])).toBe('timestamps do not advance during a kernel');
  });
});

describe('repeat', () => {
  it('takes the least number of samples whatever they cost, and no more than the most', async () => {
    let count = 0;
    const sample = async () => count++;
    expect(await repeat({ milliseconds: 0, leastSamples: 4, mostSamples: 9 }, sample)).toEqual([0, 1, 2, 3]);
    count = 0;
    const cheap = await repeat({ milliseconds: 1e4, leastSamples: 1, mostSamples: 6 }, sample);
    expect(cheap).toEqual([0, 1, 2, 3, 4, 5]);
  });
});

describe('timing a kernel', () => {
  const tensors: Tensor[] = [];
  const make = (size: number, key: number) => {
    const tensor = device.uniform([size, size], key, -1, 1);
    tensors.push(tensor);
    return tensor;
  };
  afterEach(() => {
    for (const tensor of tensors.splice(0)) tensor.dispose();
    vi.restoreAllMocks();
  });

  it('by timestamps is that of the kernel, where the adapter has a clock', async () => {
    const [a, b] = [make(256, 1), make(256, 2)];
    const kernel = await timeKernel({ device }, () => measured(() => matmul(a, b)), BUDGET);
    if (kernel.clock === 'GPU timestamps') expect(kernel.milliseconds.min).toBeGreaterThan(0);
    else expect(kernel.note).toMatch(/timestamps/);
  });

  it('by the wall clock is the time of a sample, divided by the repetitions in it', async () => {
    const [a, b] = [make(64, 1), make(64, 2)];
    // Every sample takes a millisecond, so 50 repetitions are wanted to fill one: 16 in a program, submitted 4 times.
    let now = 0;
    vi.spyOn(performance, 'now').mockImplementation(() => now++);
    const wall = await timeByWallClock({ device }, () => measured(() => matmul(a, b)), 'asked for', BUDGET);
    expect(wall.clock).toBe('wall clock');
    expect(wall.note).toMatch(/^asked for; .*; 16 in a program$/);
    expect(wall.milliseconds).toMatchObject({ min: 1 / 64, median: 1 / 64 });
  });

  it('counts only what is marked, in the backward pass too', async () => {
    const [a, b, cotangent] = [make(64, 1), make(64, 2), make(64, 3)];
    const program = compile(
      () =>
        gradients(
          sum(
            mul(
              measured(() => matmul(a, b)),
              cotangent,
            ),
          ),
          [a],
        )[0],
      { device },
    );
    const { dispatches } = await program.profile();
    program.dispose();
    const labels = dispatches?.map(({ label }) => label) ?? [];
    if (labels.length === 0) return;
    expect(labels.filter((label) => label.startsWith('measured'))).toEqual(['measured.backward matmul']);
    expect(labels.length).toBeGreaterThan(1);
  });

  it('repeats the work it repeats: equal operations are not merged', async () => {
    const [a, b] = [make(64, 1), make(64, 2)];
    const program = compile(() => Array.from({ length: 5 }, () => matmul(a, b)), { device });
    for (const result of await program()) result.dispose();
    expect(program.statistics()[0].dispatches).toBe(5);
    program.dispose();
  });

  it('leaves no memory behind', async () => {
    const [a, b] = [make(64, 1), make(64, 2)];
    const body = () => measured(() => matmul(a, b));
    await timeKernel({ device }, body, BUDGET);
    const before = held();
    await timeKernel({ device }, body, BUDGET);
    await timeByWallClock({ device }, body, 'asked for', BUDGET);
    // Less, where tensors that other tests dropped were collected meanwhile.
    expect(held()).toBeLessThanOrEqual(before);
  });
});
