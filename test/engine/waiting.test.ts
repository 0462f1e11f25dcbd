import { afterEach, describe, expect, test, vi } from 'vitest';
import { acquireGpu } from '../../src/engine/gpu-node.js';
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

  /**
   * Waits as Dawn's binding does: looks again at each turn of the loop that `setImmediate` gives it, and has to look
   * `polls` times.
   */
  function polled(polls: number): Promise<void> {
    const provider = acquireGpu();
    if (!provider) throw new Error('no WebGPU');
    const waiting = provider.wait(
      () =>
        new Promise<void>((resolve) => {
          let left = polls;
          const poll = () => {
            left -= 1;
            if (left === 0) resolve();
            else globalThis.setImmediate(poll);
          };
          globalThis.setImmediate(poll);
        }),
    );
    return waiting.finally(() => provider.release());
  }

  test('polls once a millisecond after the first few times, not as often as it can', async () => {
    const timers = vi.spyOn(globalThis, 'setTimeout');
    await polled(100);
    expect(timers.mock.calls.filter(([, delay]) => delay === 1)).toHaveLength(80);
  });

  test('lets the event loop turn', async () => {
    let turns = 0;
    let waiting = true;
    const turn = () => {
      turns += 1;
      if (waiting) untouched(turn);
    };
    untouched(turn);
    await polled(100);
    waiting = false;
    expect(turns).toBeGreaterThanOrEqual(80);
  });
});
