import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import {
  type ConvVariant,
  cast,
  type DType,
  gradients,
  mul,
  type Operand,
  randomBernoulli,
  randomNormal,
  randomUniform,
  relu,
  type Shape,
  sum,
  type Tensor,
} from '../../src/index.js';
import * as k from '../../src/kernels/index.js';
import { checkFused } from '../support/check-program.js';
import { checkedDevice, offered, pretend } from '../support/device.js';

// Every operation in checked mode: no kernel leaves an element of its results unwritten, writes outside them, or uses
// memory that nothing was written to. Property tests run there as well (check-operation.ts), but operations one by one
// and in f32; here they also run in f16 and fused. Shapes are odd, so that the last workgroup, row and vector are
// partial.

// Tiled kernels compile for seconds on a software driver, for minutes where others keep it busy.
vi.setConfig({ testTimeout: 600_000 });

const device = await checkedDevice();

/** Positive values around 1, all different. */
function values(shape: Shape, dtype: DType = 'f32', seed = 0): Tensor {
  const size = shape.reduce((a, b) => a * b, 1);
  const numbers = Float32Array.from({ length: size }, (_, i) => 1 + (((i * 389 + seed * 97) % 509) - 254) / 512);
  return device.tensor(numbers, shape, dtype);
}

const i32 = (numbers: readonly number[], shape: Shape = [numbers.length]) => device.tensor(numbers, shape, 'i32');
const u32 = (numbers: readonly number[], shape: Shape = [numbers.length]) => device.tensor(numbers, shape, 'u32');

interface Case {
  /** Of the tensors that it is given and differentiated by. */
  readonly shapes: readonly Shape[];
  readonly run: (...x: Tensor[]) => Tensor | readonly Tensor[];
  readonly dtypes?: readonly DType[];
  readonly differentiable?: boolean;
}

const BOTH: readonly DType[] = device.traits.f16 ? ['f32', 'f16'] : ['f32'];

const unary = (run: (x: Tensor) => Tensor): Case[] => [{ shapes: [[3, 5, 7]], run: (x) => run(x), dtypes: BOTH }];
const binary = (run: (a: Tensor, b: Tensor) => Tensor, differentiable = true): Case[] =>
  [
    [
      [3, 37],
      [3, 37],
    ],
    [
      [3, 1, 5],
      [7, 1],
    ],
  ].map((shapes) => ({ shapes, run, dtypes: BOTH, differentiable }));
const withNumber = (run: (a: Operand, b: Operand) => Tensor): Case[] => [
  ...binary(run),
  ...unary((x) => run(x, 2)),
  ...unary((x) => run(2, x)),
];

/** Channels that make no vec4, and such that do. */
const IMAGES = [3, 8].map((channels): Shape => [2, 5, 7, channels]);
const onImages = (run: (x: Tensor) => Tensor, dtypes = BOTH): Case[] =>
  IMAGES.map((shape) => ({ shapes: [shape], run: (x) => run(x), dtypes }));

const VARIANTS = await offered('lanes', 'tiled');

/**
 * With a ReLU or batch norm behind it, which fuse. In f32, property tests have the gradients; a kernel compiles for
 * seconds.
 */
function convolution(variant: ConvVariant, inC: number, outC: number, options: object, dtype: DType): Case {
  return {
    shapes: [
      [2, 7, 9, inC],
      [outC, 3, 3, inC],
    ],
    dtypes: BOTH.filter((own) => own === dtype),
    differentiable: dtype === 'f16',
    run: (x, weight) => {
      const convolve = () => k.conv2d(x, weight, { bias: values([outC]), variant, ...options });
      const own = { weight: values([outC]), bias: values([outC], 'f32', 1) };
      return [relu(convolve()), k.batchNorm(convolve(), { ...own, training: true, activation: 'relu' })];
    },
  };
}

const HEATMAP = { size: [5, 7], sigma: 1.5, grid: 'linspace' } as const;

/** By the exported function that they are about. */
const cases: Readonly<Record<string, readonly Case[]>> = {
  abs: unary(k.abs),
  ...Object.fromEntries(
    Object.entries({
      ...{ rsqrt: k.rsqrt, reciprocal: k.reciprocal, log1p: k.log1p, expm1: k.expm1, erf: k.erf, atan: k.atan },
      ...{ sin: k.sin, cos: k.cos, tan: k.tan, sinh: k.sinh, cosh: k.cosh, asinh: k.asinh, detach: k.detach },
      ...{ floor: k.floor, ceil: k.ceil, round: k.round, trunc: k.trunc, sign: k.sign },
      ...{ softplus: k.softplus, silu: k.silu, mish: k.mish, hardSwish: k.hardSwish },
      gelu: (x: Tensor) => k.gelu(k.sub(x, 1)),
      leakyRelu: (x: Tensor) => k.leakyRelu(k.sub(x, 1)),
      elu: (x: Tensor) => k.elu(k.sub(x, 1)),
      // Within their domains.
      asin: (x: Tensor) => k.asin(k.mul(x, 0.5)),
      acos: (x: Tensor) => k.acos(k.mul(x, 0.5)),
      atanh: (x: Tensor) => k.atanh(k.mul(x, 0.5)),
      acosh: (x: Tensor) => k.acosh(k.add(x, 1)),
    }).map(([name, run]) => [name, unary((x) => k.add(run(x), x))]),
  ),
  ...Object.fromEntries(
    Object.entries({
      ...{ notEqual: k.notEqual, less: k.less, lessEqual: k.lessEqual, greaterEqual: k.greaterEqual },
      ...{ logicalAnd: k.logicalAnd, logicalOr: k.logicalOr, logicalXor: k.logicalXor },
    }).map(([name, run]) => [name, binary(run, false)]),
  ),
  ...Object.fromEntries(
    Object.entries({ logicalNot: k.logicalNot, isNaN: k.isNaN, isInf: k.isInf, isFinite: k.isFinite }).map(
      ([name, run]) => [name, [{ shapes: [[3, 5, 7]], run, dtypes: BOTH, differentiable: false }]],
    ),
  ),
  prelu: binary((a, b) => k.prelu(k.sub(a, 1), b)),
  where: binary((a, b) => k.where(k.greater(a, b), a, k.mul(b, 2))),
  pow: withNumber(k.pow),
  mod: binary((a, b) => k.mod(k.mul(a, 3), b)),
  add: withNumber(k.add),
  clamp: unary((x) => k.clamp(x, 0.7, 1.2)),
  div: withNumber(k.div),
  equal: binary(k.equal, false),
  exp: unary(k.exp),
  greater: binary(k.greater, false),
  log: unary(k.log),
  maximum: binary(k.maximum),
  minimum: binary(k.minimum),
  mul: [...withNumber(k.mul), ...unary((x) => k.mul(k.exp(k.add(k.mul(x, 0.1), x)), x))],
  neg: unary(k.neg),
  relu: unary(k.relu),
  sigmoid: unary(k.sigmoid),
  sqrt: unary(k.sqrt),
  square: unary(k.square),
  sub: withNumber(k.sub),
  tanh: unary(k.tanh),
  dropout: onImages((x) => k.dropout(x, { generator: device.generator(1) })),
  batchNorm: [true, false].flatMap((training) =>
    IMAGES.map((shape): Case => {
      const channels = [shape[3]];
      const running = () => ({ runningMean: values(channels), runningVar: values(channels, 'f32', 1) });
      return {
        shapes: [shape, channels, channels],
        dtypes: BOTH,
        run: (x, weight, bias) => {
          const own = { weight: cast(weight, 'f32'), bias: cast(bias, 'f32') };
          return k.batchNorm(x, { ...own, ...running(), training });
        },
      };
    }),
  ),
  groupNorm: [1, 3].map((groups) => ({
    shapes: [[2, 5, 7, 6], [6], [6]],
    dtypes: BOTH,
    run: (x, weight, bias) => k.groupNorm(x, { groups, weight: cast(weight, 'f32'), bias: cast(bias, 'f32') }),
  })),
  conv2d: [
    ...VARIANTS.map((variant) => convolution(variant, 3, 5, { stride: 2, padding: 2 }, 'f32')),
    ...[...VARIANTS, 'winograd' as const].map((variant) => convolution(variant, 8, 12, { padding: 1 }, 'f16')),
  ],
  convTranspose2d: IMAGES.map((shape) => ({
    shapes: [shape, [shape[3], 2, 2, 5]],
    dtypes: BOTH,
    run: (x, weight) => k.convTranspose2d(x, weight, { bias: values([5]), stride: 2 }),
  })),
  matmul: VARIANTS.map((variant) => ({
    shapes: [
      [2, 9, 5],
      [5, 7],
    ],
    run: (a, b) => k.matmul(a, b, { variant }),
  })),
  expectation2d: onImages((x) => k.expectation2d(x, { grid: 'linspace' }), ['f32']),
  softmax: onImages((x) => k.softmax(x, { axes: [1, 2] }), ['f32']),
  logSoftmax: onImages((x) => k.logSoftmax(x), ['f32']),
  broadcastTo: [{ shapes: [[3, 1, 5]], run: (x) => k.broadcastTo(x, [2, 3, 7, 5]), dtypes: BOTH }],
  concat: [
    {
      shapes: [
        [3, 5, 2],
        [3, 5, 3],
      ],
      run: (...x) => k.concat(x),
      dtypes: BOTH,
    },
    {
      shapes: [
        [3, 5],
        [4, 5],
      ],
      run: (...x) => k.concat(x, { axis: 0 }),
      dtypes: BOTH,
    },
  ],
  pad: onImages((x) =>
    k.pad(
      x,
      [
        [0, 0],
        [1, 2],
        [0, 1],
        [0, 1],
      ],
      { value: 0.5 },
    ),
  ),
  slice: onImages((x) =>
    k.concat([
      k.slice(x, { start: [0, 1, 0, 1], end: [2, 4, 5, 3] }),
      k.slice(x, { start: [0, 1, 0, 1], end: [2, 4, 5, 3], step: [1, 1, 1, 2] }),
    ]),
  ),
  transpose: onImages((x) => k.transpose(x, { axes: [0, 3, 1, 2] })),
  max: [undefined, [0], [1], [2]].map((axes) => ({ shapes: [[3, 5, 7]], run: (x) => k.max(x, axes ? { axes } : {}) })),
  mean: [undefined, [0], [1], [2]].map((axes) => ({
    shapes: [[3, 5, 7]],
    run: (x) => k.mean(x, axes ? { axes } : {}),
  })),
  sum: [undefined, [0], [2], [0, 2]].map((axes) => ({
    shapes: [[3, 5, 70]],
    run: (x) => k.sum(x, axes ? { axes } : {}),
  })),
  ...Object.fromEntries(
    Object.entries({
      ...{ min: k.min, prod: k.prod, variance: k.variance, std: k.std, norm: k.norm, logSumExp: k.logSumExp },
    }).map(([name, run]) => [name, [{ shapes: [[3, 5, 7]], run: (x: Tensor) => run(x, { axes: [0, 2] }) }]]),
  ),
  ...Object.fromEntries(
    Object.entries({ any: k.any, all: k.all, argmax: k.argmax, argmin: k.argmin, argsort: k.argsort }).map(
      ([name, run]) => [name, [{ shapes: [[3, 71]], run: (x: Tensor) => run(x), differentiable: false }]],
    ),
  ),
  sort: [{ shapes: [[3, 71]], run: (x) => k.sort(x).values }],
  topK: [{ shapes: [[3, 7]], run: (x) => k.topK(x, 3).values }],
  cumsum: [{ shapes: [[3, 71]], run: (x) => k.cumsum(x), dtypes: BOTH }],
  gather: [{ shapes: [[5, 3]], run: (x) => k.gather(x, i32([4, -1, 0])), dtypes: BOTH }],
  takeAlongAxis: [{ shapes: [[3, 5]], run: (x) => k.takeAlongAxis(x, i32([0, 1, 2], [3, 1])), dtypes: BOTH }],
  scatterAdd: [
    {
      shapes: [
        [3, 5],
        [3, 2],
      ],
      run: (x, y) => k.scatterAdd(x, i32([0, 1, 2, 2, 4, 4], [3, 2]), y),
    },
  ],
  embedding: [{ shapes: [[5, 3]], run: (x) => k.embedding(u32([4, 4, 0]), x) }],
  oneHot: [{ shapes: [], run: () => k.oneHot(i32([1, 0, 2]), 5) }],
  einsum: [
    {
      shapes: [
        [3, 5],
        [5, 7],
      ],
      run: (a, b) => k.einsum('ik,kj->ij', [a, b]),
    },
  ],
  split: [{ shapes: [[3, 5]], run: (x) => k.split(x, 2) }],
  stack: [
    {
      shapes: [
        [3, 5],
        [3, 5],
      ],
      run: (...x) => k.stack(x),
    },
  ],
  ...Object.fromEntries(
    Object.entries({ squeeze: k.squeeze, flatten: k.flatten, tril: k.tril, triu: k.triu, flip: k.flip }).map(
      ([name, run]) => [name, [{ shapes: [[3, 1, 5]], run: (x: Tensor) => run(k.mul(x, 2)) }]],
    ),
  ),
  unsqueeze: [{ shapes: [[3, 5]], run: (x) => k.unsqueeze(k.mul(x, 2), 1) }],
  tile: [{ shapes: [[3, 5]], run: (x) => k.tile(x, [2, 3]), dtypes: BOTH }],
  roll: [{ shapes: [[3, 5]], run: (x) => k.roll(x, 2), dtypes: BOTH }],
  arange: [{ shapes: [], run: () => [k.arange(device, 0, 7), k.arange(device, 0, 1, 0.15)] }],
  linspace: [{ shapes: [], run: () => k.linspace(device, 0, 1, 7) }],
  eye: [{ shapes: [], run: () => k.eye(device, 3, 5) }],
  ...Object.fromEntries(
    Object.entries({ zerosLike: k.zerosLike, onesLike: k.onesLike, fullLike: (x: Tensor) => k.fullLike(x, 3) }).map(
      ([name, run]) => [name, [{ shapes: [[3, 5]], run, dtypes: BOTH, differentiable: false }]],
    ),
  ),
  sumOfSquares: [{ shapes: [[3, 5, 700]], run: (x) => k.sumOfSquares(x) }],
  maxPool2d: onImages((x) => k.maxPool2d(x, { kernelSize: 2, stride: 2 })),
  avgPool2d: onImages((x) => k.avgPool2d(x, { kernelSize: 3, stride: 2, padding: 1 })),
  resizeBilinear: [true, false].flatMap((alignCorners) =>
    onImages((x) => k.resizeBilinear(x, { size: [7, 3], alignCorners })),
  ),
  resizeNearest: onImages((x) => k.resizeNearest(x, { scale: 2 })),
  peak2d: [{ shapes: [[2, 5, 7, 3]], run: (x) => k.peak2d(x), differentiable: false }],
  sampleAffine: [
    {
      shapes: [[2, 5, 7, 3]],
      run: (x) => k.sampleAffine(x, device.tensor([1, 0.5, 0, 0, 1, 1, 1, 0, 0, 0, 1, 0], [2, 6]), { size: [4, 9] }),
      differentiable: false,
    },
  ],
  gaussianBlur: IMAGES.map((shape) => ({
    shapes: [shape],
    run: (x) => k.gaussianBlur(x, device.tensor([0.7, 0]), { maxSigma: 2 }),
    differentiable: false,
  })),
  gatherFrames: [false, true].map((withTables) => ({
    shapes: [[3, 256]],
    run: (tables) => {
      const frames = [0, 1].map((i) => Uint8Array.from({ length: 35 }, (_, j) => 7 * j + i));
      const stored = u32([...k.packFrames(frames, [5, 7])], [2, k.wordsPerFrame([5, 7])]);
      return k.gatherFrames([stored], u32([1, 0, 1]), { size: [5, 7], ...(withTables ? { tables } : {}) });
    },
    differentiable: false,
  })),
  greyJitterTables: [
    {
      shapes: [[3, 3]],
      run: (factors) => k.greyJitterTables(u32(Array(512).fill(3), [2, 256]), u32([1, 0, 1]), factors),
      differentiable: false,
    },
  ],
  gaussianHeatmap: [{ shapes: [[2, 3, 2]], run: (x) => k.gaussianHeatmap(x, HEATMAP), differentiable: false }],
  gaussianTarget: [
    { shapes: [[2, 3, 2]], run: (x) => Object.values(k.gaussianTarget(x, HEATMAP)), differentiable: false },
  ],
  globalNorm: [{ shapes: [[3, 5], [70]], run: (...x) => k.globalNorm(x), differentiable: false }],
  clipByNorm: [{ shapes: [[3, 5], [70]], run: (...x) => k.clipByNorm(x, 1), differentiable: false }],
  clipWithNorm: [{ shapes: [[3, 5], [70]], run: (...x) => k.clipWithNorm(x, 1).gradients, differentiable: false }],
  randomUniform: [{ shapes: [], run: () => randomUniform(device, [3, 7], u32([1, 2])) }],
  randomNormal: [{ shapes: [], run: () => randomNormal(device, [3, 7], u32([1])) }],
  randomBernoulli: [{ shapes: [], run: () => randomBernoulli(device, [3, 7], device.generator(1), 0.5) }],
};

/** Exports that are no operations, and optimisers, which run in checked mode in their own tests. */
const OTHERS = [
  ...['pointwise', 'sumTo', 'packFrames', 'wordsPerFrame', 'histogramOf', 'findMatrixUnits', 'tune'],
  ...['Adam', 'AdamW', 'SGD', 'Optimizer', 'MovingAverage', 'LossScaler'],
];

test('no operation is left out', () => {
  const exported = Object.entries(k).flatMap(([name, value]) => (typeof value === 'function' ? [name] : []));
  expect(exported.filter((name) => !(name in cases) && !OTHERS.includes(name))).toEqual([]);
});

test('they run fused here, as in a compiled function', async () => {
  const [x, weight] = [values([1, 5, 7, 3]), values([5, 3, 3, 3], 'f32', 1)];
  expect(await checkFused([relu(k.conv2d(x, weight, { variant: 'tiled' }))])).toEqual(['conv2d']);
  expect(await checkFused([k.exp(k.mul(k.abs(x), x))])).toHaveLength(1);
});

/** Weighted, so that gradients differ from element to element. */
function lossOf(results: readonly Tensor[]): Tensor {
  return results.map((y, i) => sum(mul(cast(y, 'f32'), values(y.shape, 'f32', i)))).reduce((a, b) => k.add(a, b));
}

describe.each(['own', 'GPU'] as const)('in checked mode, kernels of the %s choice', (kind) => {
  let restore = () => {};
  beforeAll(async () => {
    restore = await pretend(kind);
  });
  afterAll(() => restore());

  test.each(Object.entries(cases))('%s writes all of its results and nothing else', async (_, examples) => {
    for (const { shapes, run, dtypes = ['f32'] as const, differentiable = shapes.length > 0 } of examples) {
      for (const dtype of dtypes) {
        const inputs = shapes.map((shape, i) => values(shape, dtype, i));
        const results = [run(...inputs)].flat();
        const slopes = differentiable ? gradients(lossOf(results), inputs) : [];
        await checkFused([...results, ...slopes]);
        for (const tensor of [...results, ...slopes]) await tensor.data();
        for (const tensor of [...inputs, ...results, ...slopes]) tensor.dispose();
      }
    }
  });
});
