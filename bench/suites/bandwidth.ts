import { add } from '../../src/index.js';
import { measured } from '../clock.js';
import { measureKernel, type Scale, type Suite } from '../suite.js';

/** Far beyond the caches of a GPU; of a CPU, beyond its second level. */
const SIZE: Readonly<Record<Scale, number>> = { quick: 2 ** 16, software: 2 ** 22, gpu: 2 ** 26 };

/** A sum of two large tensors, which does nothing but read and write: how fast memory is. */
export const bandwidthSuite: Suite = {
  name: 'bandwidth',
  title: 'memory: the sum of two tensors',

  async *run(context) {
    const size = SIZE[context.scale];
    using a = context.device.uniform([size], [size, 1], -1, 1);
    using b = context.device.uniform([size], [size, 2], -1, 1);
    const [left, right] = [await a.data(), await b.data()];
    yield await measureKernel(context, {
      suite: 'bandwidth',
      name: `${size.toLocaleString('en-US')} elements`,
      pass: 'add',
      batch: 1,
      flops: size,
      bytes: 4 * 3 * size,
      body: () => measured(() => add(a, b)),
      exact: (position) => {
        const value = left[position] + right[position];
        return { value, magnitude: Math.abs(value) };
      },
    });
  },
};
