import { afterEach, describe, expect, test, vi } from 'vitest';
import {
  add,
  assign,
  compile,
  formatProfile,
  matmul,
  mul,
  type Profile,
  scope,
  sum,
  type Tensor,
} from '../../src/index.js';
import { sharedDevice } from '../support/device.js';

afterEach(() => {
  vi.restoreAllMocks();
});

describe('profile', () => {
  test('gives one entry per dispatch, in order, with label, work, bytes and a plausible time', async () => {
    const device = await sharedDevice();
    if (!device.gpu.features.has('timestamp-query')) return;
    const f = compile((x: Tensor) => scope('head', () => sum(mul(matmul(x, x), 2))));
    const x = device.ones([128, 128]);
    await f(x);
    const { wallMilliseconds, dispatches = [] } = await f.profile(x);
    expect(dispatches).toHaveLength(f.statistics()[0].dispatches);
    expect(dispatches[0].label).toMatch(/^head matmul/);
    expect(dispatches[0].flops).toBe(2 * 128 ** 3);
    const scaled = dispatches.find(({ label }) => label === 'head mulNumber');
    expect(scaled).toMatchObject({ flops: 128 * 128, bytes: 2 * 128 * 128 * 4 });
    const total = dispatches.reduce((time, { milliseconds }) => time + milliseconds, 0);
    for (const { milliseconds } of dispatches) expect(milliseconds).toBeGreaterThanOrEqual(0);
    expect(total).toBeGreaterThan(0);
    expect(total).toBeLessThan(wallMilliseconds);
  });

  test('runs the function: its effects take place', async () => {
    const device = await sharedDevice();
    const state = device.tensor([1]);
    const f = compile((x: Tensor) => assign(state, add(state, x)));
    await f.profile(device.tensor([2]));
    await f.profile(device.tensor([3]));
    expect(await state.item()).toBe(6);
    expect(f.statistics()[0].calls).toBe(2);
  });

  test('of a function without dispatches is empty', async () => {
    const device = await sharedDevice();
    if (!device.gpu.features.has('timestamp-query')) return;
    const f = compile((x: Tensor) => x);
    expect((await f.profile(device.tensor([1]))).dispatches).toEqual([]);
  });

  test('without timestamps still tells the whole time', async () => {
    const device = await sharedDevice();
    const f = compile((x: Tensor) => mul(x, 2));
    vi.spyOn(device.gpu, 'features', 'get').mockReturnValue(new Set<string>());
    const profile = await f.profile(device.tensor([1]));
    expect(profile.dispatches).toBeUndefined();
    expect(profile.wallMilliseconds).toBeGreaterThan(0);
    expect(formatProfile(profile)).toMatch(/^\d+\.\d\d ms \(this adapter has no timestamps\)$/);
  });
});

describe('formatProfile', () => {
  const profile: Profile = {
    wallMilliseconds: 10,
    dispatches: [
      { label: 'enc1 conv2d', milliseconds: 2, flops: 4e9, bytes: 1e9 },
      { label: 'relu', milliseconds: 0, flops: 10, bytes: 100 },
      { label: 'enc2 conv2d', milliseconds: 5, flops: 5e9, bytes: 5e8 },
      { label: 'enc1 conv2d', milliseconds: 1, flops: 2e9, bytes: 5e8 },
    ],
  };

  test('groups by label, the most expensive first, with rates', () => {
    const [head, ...rows] = formatProfile(profile)
      .split('\n')
      .map((line) => line.trim().split(/\s+/));
    expect(head).toEqual(['operation', 'calls', 'ms', 'share', 'GFLOP/s', 'GB/s']);
    expect(rows).toEqual([
      ['enc2', 'conv2d', '1', '5.000', '62.5', '%', '1000.00', '100.00'],
      ['enc1', 'conv2d', '2', '3.000', '37.5', '%', '2000.00', '500.00'],
      ['relu', '1', '0.000', '0.0', '%'],
      ['sum', '8.000'],
    ]);
  });

  test('has columns of equal width, and a share of the peak where that is known', () => {
    const lines = formatProfile(profile, 4000).split('\n');
    expect(lines[0]).toMatch(/GB\/s\s+peak$/);
    expect(lines[1]).toMatch(/25 %$/);
    expect(lines[2]).toMatch(/50 %$/);
    expect(lines[1]).toHaveLength(lines[0].length);
    expect(lines[2]).toHaveLength(lines[0].length);
    expect(formatProfile({ wallMilliseconds: 1, dispatches: [] })).toContain('sum');
  });
});
