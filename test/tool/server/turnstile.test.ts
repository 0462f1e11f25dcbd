import { expect, test } from 'vitest';
import { Turnstile } from '../../../src/tool/server/turnstile.js';

const patient = new AbortController().signal;
const turn = () => new Promise(setImmediate);

test('lets as many through as there are places, in their order, whoever comes when one is free', async () => {
  const turnstile = new Turnstile(2);
  const passed: number[] = [];
  const come = async (number: number) => {
    const leave = await turnstile.enter(patient);
    passed.push(number);
    return leave;
  };
  const all = [1, 2, 3, 4].map(come);
  await turn();
  expect(passed).toEqual([1, 2]);
  // The place goes to the third, though a fifth is at the gate at that very moment.
  (await all[1])();
  all.push(come(5));
  await turn();
  expect(passed).toEqual([1, 2, 3]);
  for (const number of [0, 2, 3]) (await all[number])();
  await turn();
  expect(passed).toEqual([1, 2, 3, 4, 5]);
  (await all[4])();
  expect(await Promise.all([come(6), come(7)])).toHaveLength(2);
});

test('who gives up leaves the queue, and takes no place', async () => {
  const turnstile = new Turnstile(1);
  const leave = await turnstile.enter(patient);
  const controller = new AbortController();
  const given = turnstile.enter(controller.signal);
  const next = turnstile.enter(patient);
  controller.abort(new Error('given up'));
  await expect(given).rejects.toThrow('given up');
  await expect(turnstile.enter(controller.signal)).rejects.toThrow('given up');
  leave();
  (await next)();
  expect(await turnstile.enter(patient)).toBeTypeOf('function');
});
