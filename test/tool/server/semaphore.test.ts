import { expect, test } from 'vitest';
import { Semaphore } from '../../../src/tool/server/semaphore.js';

const never = new AbortController().signal;
const turn = () => new Promise(setImmediate);

test('grants as many permits as it has, in the order of arrival, whoever arrives when one is released', async () => {
  const semaphore = new Semaphore(2);
  const granted: number[] = [];
  const arrive = async (number: number) => {
    const release = await semaphore.acquire(never);
    granted.push(number);
    return release;
  };
  const all = [1, 2, 3, 4].map(arrive);
  await turn();
  expect(granted).toEqual([1, 2]);
  // The permit goes to the third, though a fifth arrives at that very moment.
  (await all[1])();
  all.push(arrive(5));
  await turn();
  expect(granted).toEqual([1, 2, 3]);
  for (const number of [0, 2, 3]) (await all[number])();
  await turn();
  expect(granted).toEqual([1, 2, 3, 4, 5]);
  (await all[4])();
  expect(await Promise.all([arrive(6), arrive(7)])).toHaveLength(2);
});

test('a wait that is cancelled leaves the queue, and takes no permit', async () => {
  const semaphore = new Semaphore(1);
  const release = await semaphore.acquire(never);
  const controller = new AbortController();
  const cancelled = semaphore.acquire(controller.signal);
  const next = semaphore.acquire(never);
  controller.abort(new Error('cancelled'));
  await expect(cancelled).rejects.toThrow('cancelled');
  await expect(semaphore.acquire(controller.signal)).rejects.toThrow('cancelled');
  release();
  (await next)();
  expect(await semaphore.acquire(never)).toBeTypeOf('function');
});
