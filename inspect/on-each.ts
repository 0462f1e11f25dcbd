import type { Gpu } from './gpus.js';

/** Drivers at work at a time: each takes one core and some hundred megabytes. */
const AT_ONCE = 3;

/** What `work` gives for each GPU, a few side by side. */
export async function onEach<T>(gpus: readonly Gpu[], work: (gpu: Gpu) => Promise<T>): Promise<T[]> {
  const results = new Array<T>(gpus.length);
  const left = [...gpus.entries()];
  const take = async () => {
    for (let next = left.shift(); next; next = left.shift()) results[next[0]] = await work(next[1]);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, take));
  return results;
}
