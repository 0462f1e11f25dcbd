import { loadConfig } from '../src/train/config/index.js';
import { type Workload, withPrecision } from './workload.js';

/** Between them every network, preset, loss, decoding and optimizer that configs/ knows. */
const CONFIGS = [
  ...['paper', 'preset-pool', 'preset-full', 'table-1-u-net', 'table-1-deep-unet'],
  ...['small-u-net', 'small-deep-unet', 'small-dsnt-deep-unet'],
];

/**
 * Operations and sizes that no network leads to: channels that are no multiple of four, groups, strides, other axes.
 */
type Operation = Omit<Workload & { kind: 'operation' }, 'kind' | 'precision'>;

const OPERATIONS: readonly Operation[] = [
  { name: 'conv2d', shapes: [[2, 17, 13, 3], [5, 3, 3, 3], [5]] },
  { name: 'conv2d', shapes: [[2, 17, 13, 6], [9, 3, 3, 2], [9]], options: { groups: 3, padding: 1 } },
  {
    name: 'conv2d',
    shapes: [
      [2, 33, 31, 64],
      [128, 5, 5, 64],
    ],
    options: { stride: 2, padding: 2, dilation: 2 },
  },
  { name: 'convTranspose2d', shapes: [[2, 9, 7, 6], [6, 2, 2, 5], [5]], options: { stride: 2 } },
  {
    name: 'matmul',
    shapes: [
      [3, 65, 33],
      [3, 33, 67],
    ],
  },
  {
    name: 'matmul',
    shapes: [
      [2048, 256],
      [256, 2048],
    ],
  },
  { name: 'batchNorm', shapes: [[3, 9, 7, 5], [5], [5]] },
  { name: 'maxPool2d', shapes: [[2, 17, 13, 3]], options: { kernelSize: 3, stride: 2, padding: 1 } },
  { name: 'avgPool2d', shapes: [[2, 17, 13, 3]], options: { kernelSize: 3, stride: 2, padding: 1 } },
  { name: 'resizeBilinear', shapes: [[2, 9, 7, 3]] },
  { name: 'resizeNearest', shapes: [[2, 9, 7, 3]] },
  { name: 'transpose', shapes: [[5, 7, 9]] },
];

/** Those that take f32 alone. */
const F32_OPERATIONS: readonly Operation[] = [
  { name: 'softmax', shapes: [[7, 129]], options: { axes: [1] } },
  { name: 'logSoftmax', shapes: [[2, 33, 31, 3]] },
  { name: 'max', shapes: [[5, 7, 9]], options: { axes: [1] } },
];

/** What the budget covers. Kernels that several lead to are compiled once. */
export async function budgetWorkloads(): Promise<Workload[]> {
  const configs = await Promise.all(
    CONFIGS.map(async (name) => {
      const config = await loadConfig(`configs/${name}.json`);
      return { kind: 'config' as const, name, config };
    }),
  );
  return (['f32', 'mixed'] as const).flatMap((precision) => [
    ...configs.map((one) => ({
      ...one,
      name: `${one.name} in ${precision}`,
      config: withPrecision(one.config, precision),
    })),
    ...[...OPERATIONS, ...(precision === 'f32' ? F32_OPERATIONS : [])].map((one) => ({
      ...one,
      kind: 'operation' as const,
      precision,
    })),
  ]);
}
