import { cast, matmul } from '../../src/index.js';
import { measured } from '../clock.js';
import { measureKernel, type Scale, type Suite } from '../suite.js';
import { exactSum } from '../verification.js';

const SIZES: Readonly<Record<Scale, readonly number[]>> = {
  quick: [256, 512],
  software: [256, 512, 1024],
  gpu: [256, 512, 1024, 2048, 4096],
};

/** Products of square matrices: the yardstick of all other suites. */
export const matmulSuite: Suite = {
  name: 'matmul',
  title: 'matrix product, n × n times n × n',

  async *run(context) {
    const { device, scale, precision } = context;
    const dtype = precision === 'mixed' ? 'f16' : 'f32';
    for (const n of SIZES[scale]) {
      using a = cast(device.uniform([n, n], [n, 1], -1, 1), dtype);
      using b = cast(device.uniform([n, n], [n, 2], -1, 1), dtype);
      const [left, right] = [await a.data(), await b.data()];
      yield await measureKernel(context, {
        suite: 'matmul',
        name: String(n),
        pass: 'forward',
        batch: 1,
        flops: 2 * n ** 3,
        bytes: (dtype === 'f16' ? 2 : 4) * 3 * n ** 2,
        body: () => measured(() => matmul(a, b)),
        exact: (position) => {
          const [row, column] = [Math.floor(position / n), position % n];
          return exactSum((add) => {
            for (let k = 0; k < n; k++) add(left[row * n + k], right[k * n + column]);
          });
        },
      });
    }
  },
};
