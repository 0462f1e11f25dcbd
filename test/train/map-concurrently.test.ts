import { setTimeout } from 'node:timers/promises';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { mapConcurrently } from '../../src/train/map-concurrently.js';

test('results stand in the order of the items, whichever is ready first', async () => {
  const items = [3, 1, 2, 0];
  expect(await mapConcurrently(items, async (item, index) => setTimeout(item, [item, index]))).toEqual([
    [3, 0],
    [1, 1],
    [2, 2],
    [0, 3],
  ]);
});

test('the first item that fails is named, no further one is begun and none is left under way', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({ turns: fc.nat(4), fails: fc.boolean() }), { maxLength: 30 }),
      fc.integer({ min: 1, max: 5 }),
      async (items, concurrency) => {
        let [underWay, most, begun] = [0, 0, 0];
        const work = async ({ turns, fails }: (typeof items)[number], index: number) => {
          begun += 1;
          underWay += 1;
          most = Math.max(most, underWay);
          for (let turn = 0; turn < turns; turn++) await undefined;
          underWay -= 1;
          if (fails) throw new Error(String(index));
          return index;
        };
        const outcome = await mapConcurrently(items, work, { concurrency }).catch((error: Error) => error.message);
        const first = items.findIndex(({ fails }) => fails);
        expect(outcome).toEqual(first < 0 ? items.map((_, i) => i) : String(first));
        expect(underWay).toBe(0);
        expect(most).toBeLessThanOrEqual(concurrency);
        if (first >= 0 && concurrency === 1) expect(begun).toBe(first + 1);
      },
    ),
  );
});

test('of 352 items few are begun after one has failed', async () => {
  let begun = 0;
  const work = async (item: number) => {
    begun += 1;
    await setTimeout(1);
    if (item === 3) throw new Error('damaged');
  };
  await expect(mapConcurrently([...Array(352).keys()], work)).rejects.toThrow('damaged');
  expect(begun).toBeLessThanOrEqual(16);
});

test('a signal stops between items, by its reason', async () => {
  const controller = new AbortController();
  let begun = 0;
  const work = async () => {
    begun += 1;
    controller.abort(new Error('stopped'));
  };
  await expect(mapConcurrently([1, 2, 3], work, { concurrency: 1, signal: controller.signal })).rejects.toThrow(
    'stopped',
  );
  expect(begun).toBe(1);
});
