import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { attend } from '../../../src/tool/page/infer/attend.js';

interface Work {
  alive(software?: boolean): boolean;
  resolve(value: string): void;
  reject(error: Error): void;
}

describe('work on a GPU that is attended', () => {
  let work: Work;
  let outcome: { value?: string; error?: string };
  let late: string[];
  let controller: AbortController;
  beforeEach(() => {
    vi.useFakeTimers();
    late = [];
    outcome = {};
    controller = new AbortController();
    attend(
      (alive) =>
        new Promise<string>((resolve, reject) => {
          work = { alive, resolve, reject };
        }),
      {
        signal: controller.signal,
        stalled: (seconds) => `stood still for ${seconds} s`,
        tooLate: (value) => late.push(value),
      },
    ).then(
      (value) => {
        outcome.value = value;
      },
      (error) => {
        outcome.error = error.message;
      },
    );
  });
  afterEach(() => {
    expect(vi.getTimerCount(), 'timers left').toBe(0);
    vi.useRealTimers();
  });
  const pass = (milliseconds: number) => vi.advanceTimersByTimeAsync(milliseconds);

  test('gives what it comes to, however long it takes, as long as it gets on', async () => {
    for (let i = 0; i < 10; i++) {
      await pass(59_000);
      expect(work.alive()).toBe(true);
    }
    work.resolve('done');
    await pass(0);
    expect(outcome).toEqual({ value: 'done' });
  });

  test('counts as stuck once it has stood still, and is let go of when it comes after all', async () => {
    await pass(59_999);
    expect(outcome).toEqual({});
    await pass(1);
    expect(outcome).toEqual({ error: 'stood still for 60 s' });
    expect(work.alive()).toBe(false);
    work.resolve('after all');
    await pass(0);
    expect(late).toEqual(['after all']);
  });

  test('is given more time on a software adapter', async () => {
    work.alive(true);
    await pass(299_999);
    expect(outcome).toEqual({});
    await pass(1);
    expect(outcome).toEqual({ error: 'stood still for 300 s' });
  });

  test('throws what it throws, and nothing twice', async () => {
    work.reject(new Error('broken'));
    await pass(0);
    controller.abort(new Error('abandoned'));
    await pass(100_000);
    expect(outcome).toEqual({ error: 'broken' });
  });

  test('ends at once where it is abandoned', async () => {
    controller.abort(new Error('abandoned'));
    await pass(0);
    expect(outcome).toEqual({ error: 'abandoned' });
    work.reject(new Error('broken'));
    await pass(0);
    expect([late, work.alive()]).toEqual([[], false]);
  });
});
