import { expect, test } from 'vitest';
import { Stopwatch } from '../../../src/tool/page/annotate/stopwatch.js';

test('time counts for what is looked at, while somebody is there and the page in sight', () => {
  let now = 1_000_000;
  const watch = new Stopwatch(() => now);
  const pass = (seconds: number, sign = true) => {
    now += 1000 * seconds;
    if (sign) watch.sign();
  };
  watch.attend('a');
  pass(7);
  watch.attend('b');
  pass(5);
  watch.attend('a');
  pass(3);
  expect([watch.seconds('a'), watch.seconds('b'), watch.seconds('c')]).toEqual([10, 5, 0]);

  // Away for an hour: the minute in which that could not be known counts.
  pass(3600, false);
  expect(watch.seconds('a')).toBe(70);
  watch.sign();
  pass(2);
  expect(watch.seconds('a')).toBe(72);

  watch.pause();
  pass(30, false);
  expect(watch.seconds('a')).toBe(72);
  watch.resume();
  pass(4);
  expect(watch.seconds('a')).toBe(76);

  watch.attend(undefined);
  pass(9);
  expect(watch.seconds('a')).toBe(76);
});
