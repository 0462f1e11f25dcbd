import { describe, expect, test } from 'vitest';
import {
  avgPool2d,
  batchNorm,
  type ConvVariant,
  cast,
  compile,
  concat,
  conv2d,
  convTranspose2d,
  gradients,
  maxPool2d,
  mean,
  mul,
  pad,
  relu,
  resizeBilinear,
  resizeNearest,
  type Shape,
  slice,
  sum,
  type Tensor,
  transpose,
} from '../../src/index.js';
import { expectClose } from '../support/check-operation.js';
import { offered, sharedDevice } from '../support/device.js';

// Operations on images of f16 compute in f32 and round once, so they give what the same operation, whose f32 self is
// checked against float64 elsewhere, gives on the same values, to half a unit of f16's last place. Channels 8 and 3:
// vec4 and not.

const device = await sharedDevice();

/** Values that both types hold, all different. */
function values(shape: Shape, seed: number): Float32Array {
  const size = shape.reduce((a, b) => a * b, 1);
  return Float32Array.from({ length: size }, (_, i) => (((i * 389 + seed * 97) % 2039) - 1019) / 512);
}

const operations: [name: string, run: (x: Tensor, channels: number) => Tensor][] = [
  ['relu', (x) => relu(x)],
  ['slice', (x) => slice(x, { start: [0, 1, 0, 0], end: [2, 4, 5, 2] })],
  ['slice along one axis', (x) => slice(x, { start: [0, 0, 0, 1] })],
  ['concat', (x) => concat([x, mul(x, 2)])],
  [
    'pad',
    (x) =>
      pad(
        x,
        [
          [0, 0],
          [1, 2],
          [0, 1],
          [0, 0],
        ],
        { value: 0.5 },
      ),
  ],
  ['transpose', (x) => transpose(x, { axes: [0, 3, 1, 2] })],
  ['maxPool2d', (x) => maxPool2d(x, { kernelSize: 2, stride: 2 })],
  ['avgPool2d', (x) => avgPool2d(x, { kernelSize: 3, stride: 2, padding: 1 })],
  ['resizeBilinear', (x) => resizeBilinear(x, { size: [7, 3] })],
  ['resizeNearest', (x) => resizeNearest(x, { scale: 2 })],
  [
    'convTranspose2d',
    (x, channels) =>
      convTranspose2d(x, device.tensor(values([channels, 2, 2, 5], 3), [channels, 2, 2, 5]), {
        bias: device.tensor(values([5], 4), [5]),
        stride: 2,
      }),
  ],
  [
    'batchNorm in training, with ReLU',
    (x, channels) =>
      batchNorm(x, {
        weight: device.tensor(values([channels], 5), [channels]),
        bias: device.tensor(values([channels], 6), [channels]),
        training: true,
        activation: 'relu',
      }),
  ],
];

describe.skipIf(!device.traits.f16)('on images of f16', () => {
  describe.each([8, 3])('with %i channels', (channels) => {
    test.each(operations)('%s', async (_name, run) => {
      const shape = [2, 5, 6, channels];
      const x = values(shape, 1);
      const outcome = async (dtype: 'f16' | 'f32') => {
        const tensor = device.tensor(x, shape, dtype);
        const both = compile(
          () => {
            const y = run(tensor, channels);
            const dy = cast(device.tensor(values(y.shape, 2), y.shape), dtype);
            return [y, gradients(sum(mul(y, dy)), [tensor])[0]];
          },
          { device },
        );
        const results = await both();
        expect(results.map((result) => result.dtype)).toEqual([dtype, dtype]);
        return Promise.all(results.map((result) => result.data()));
      };
      const [actual, expected] = [await outcome('f16'), await outcome('f32')];
      expectClose(actual[0], Float64Array.from(expected[0]), 2 ** 13);
      // Sums of several gradients are rounded more than once.
      expectClose(actual[1], Float64Array.from(expected[1]), 2 ** 14, 'gradient');
    });

    test('sum and mean are f32', async () => {
      const x = values([4, 9, 30, channels], 1);
      for (const reduction of [sum, mean]) {
        const half = reduction(device.tensor(x, [4, 9, 30, channels], 'f16'), { axes: [0, 1, 2] });
        const full = reduction(device.tensor(x, [4, 9, 30, channels]), { axes: [0, 1, 2] });
        expect(half.dtype).toBe('f32');
        expect(await half.data()).toEqual(await full.data());
      }
    });
  });

  test('concat refuses two types, with the remedy', () => {
    const [a, b] = [device.zeros([2, 3]), device.tensor([1, 2], [2, 1], 'f16')];
    expect(() => concat([a, b])).toThrow(/input 1 is f16 and input 0 is f32; cast/);
  });
});

test.skipIf(!device.traits.f16).each<ConvVariant>([...(await offered('lanes', 'tiled')), 'winograd'])(
  'a convolution by %s takes images, weights, or both in f16',
  async (variant) => {
    for (const [inC, outC] of [
      [8, 12],
      [3, 5],
    ]) {
      const [x, weight] = [
        device.tensor(values([2, 7, 9, inC], 1), [2, 7, 9, inC]),
        device.tensor(values([outC, 3, 3, inC], 2), [outC, 3, 3, inC]),
      ];
      const [halfX, halfWeight] = [cast(x, 'f16'), cast(weight, 'f16')];
      const run = async (image: Tensor, kernel: Tensor) => {
        const y = conv2d(image, kernel, { padding: 1, variant });
        const slopes = gradients(sum(cast(y, 'f32')), [image, kernel]);
        expect([y, ...slopes].map(({ dtype }) => dtype)).toEqual([image.dtype, image.dtype, kernel.dtype]);
        return Promise.all([y, ...slopes].map((tensor) => tensor.data()));
      };
      const expected = await run(x, weight);
      for (const [image, kernel] of [
        [halfX, weight],
        [x, halfWeight],
        [halfX, halfWeight],
      ]) {
        for (const [i, actual] of (await run(image, kernel)).entries()) expectClose(actual, expected[i], 2 ** 13);
      }
    }
  },
);
