import { afterEach, describe, expect, test, vi } from 'vitest';
import { type Device, matmul, type Tensor } from '../../src/index.js';
import { sharedDevice } from '../support/device.js';

const untouched = globalThis.setImmediate;

afterEach(() => {
  vi.restoreAllMocks();
});

/** Something that takes the device a good part of a second, and a tensor that is there when it is done. */
function longWork(device: Device): Tensor {
  const { software } = device.info;
  const size = software ? 256 : 2048;
  let x: Tensor = device.ones([size, size]);
  for (let i = 0; i < (software ? 20 : 400); i++) x = matmul(x, x);
  return x;
}

describe('waiting', () => {
  test('leaves setImmediate alone, while it lasts and after', async () => {
    const device = await sharedDevice();
    const reading = longWork(device).data();
    const seen: unknown[] = [];
    const timer = setInterval(() => seen.push(globalThis.setImmediate), 2);
    globalThis.setImmediate(() => seen.push(globalThis.setImmediate));
    Promise.resolve().then(() => seen.push(globalThis.setImmediate));
    expect(globalThis.setImmediate).toBe(untouched);
    await reading;
    clearInterval(timer);
    expect(globalThis.setImmediate).toBe(untouched);
    expect(seen.length).toBeGreaterThan(3);
    expect(seen.every((value) => value === untouched)).toBe(true);
  });

  test('takes hold of no setImmediate of the host’s', async () => {
    const device = await sharedDevice();
    const host = vi.fn(untouched);
    globalThis.setImmediate = host as unknown as typeof untouched;
    try {
      await device.full([10], 2).data();
      expect(host).not.toHaveBeenCalled();
      expect(globalThis.setImmediate).toBe(host);
    } finally {
      globalThis.setImmediate = untouched;
    }
  });

  test('polls about once a millisecond, not as often as it can', async () => {
    const device = await sharedDevice();
    await longWork(device).data();
    const timers = vi.spyOn(globalThis, 'setTimeout');
    const begin = performance.now();
    await longWork(device).data();
    const milliseconds = performance.now() - begin;
    const polls = timers.mock.calls.filter(([, delay]) => delay === 1).length;
    expect(milliseconds).toBeGreaterThan(30);
    expect(polls).toBeGreaterThan(0);
    expect(polls).toBeLessThan(1.2 * milliseconds + 20);
  });

  test('lets the event loop turn', async () => {
    const device = await sharedDevice();
    let turns = 0;
    const timer = setInterval(() => {
      turns += 1;
    }, 5);
    const begin = performance.now();
    await longWork(device).data();
    clearInterval(timer);
    expect(turns).toBeGreaterThan((performance.now() - begin) / 50);
  });
});
