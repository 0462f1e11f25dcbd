// The engine's operations as the cases of pytorch.json call them: by name, with inputs and options.

import type { ConvVariant, Device, Optimizer, Tensor } from '../../../src/index.js';
import * as sonde from '../../../src/index.js';
import type { Options, TableCase } from './table.js';

/** Results of an operation. */
export type Run = (inputs: readonly Tensor[], options: Options, variant?: ConvVariant) => Tensor[];

/** Truth values as they are chosen, by place. */
const even = (x: Tensor) =>
  x.device.tensor(
    Uint8Array.from({ length: x.size }, (_, i) => 1 - (i % 2)),
    x.shape,
    'bool',
  );
const ints = (x: Tensor, numbers: readonly number[], shape?: readonly number[]) =>
  x.device.tensor(numbers, shape, 'i32');

const unary =
  (operation: (x: Tensor) => Tensor): Run =>
  ([x]) => [operation(x)];

const binary =
  (operation: (a: Tensor, b: Tensor) => Tensor): Run =>
  ([a, b]) => [operation(a, b)];

const withOptions =
  (operation: (x: Tensor, options: Options) => Tensor): Run =>
  ([x], options) => [operation(x, options)];

/** A binary operation that also takes a number, on the right or, under a name of its own, on the left. */
const withNumber =
  (operation: (a: Tensor | number, b: Tensor | number) => Tensor, left: string): Run =>
  ([a, b], options) => [options[left] === undefined ? operation(a, b ?? options.number) : operation(options[left], a)];

const { abs, add, clamp, div, equal, exp, greater, log, maximum, minimum, mul, neg, relu, sqrt, sub } = sonde;

const chains: Record<string, (x: Tensor, y: Tensor) => Tensor> = {
  'x - x': (x) => sub(x, x),
  'x / x': (x) => div(x, x),
  '0 * x + y': (x, y) => add(mul(x, 0), y),
  'x + y - x': (x, y) => sub(add(x, y), x),
  '(x - y) + (y - x)': (x, y) => add(sub(x, y), sub(y, x)),
  'x * y / x': (x, y) => div(mul(x, y), x),
  'max(x, x)': (x) => maximum(x, x),
  'max(x, -x)': (x) => maximum(x, neg(x)),
  'min(max(x, y), y)': (x, y) => minimum(maximum(x, y), y),
  'relu(x * y + y)': (x, y) => relu(add(mul(x, y), y)),
  'relu(-relu(x))': (x) => relu(neg(relu(x))),
  'clamp(relu(x) * 2)': (x) => clamp(mul(relu(x), 2), 0, 1),
  'abs(x) + sqrt(x * x)': (x) => add(abs(x), sqrt(mul(x, x))),
  'log(exp(x))': (x) => log(exp(x)),
  'sigmoid(x) * tanh(x)': (x) => mul(sonde.sigmoid(x), sonde.tanh(x)),
  'x == x': (x) => equal(x, x),
  'x > x': (x) => greater(x, x),
  'relu(x) > y': (x, y) => greater(relu(x), y),
};

function conv2d([x, weight, bias]: readonly Tensor[], options: Options, variant?: ConvVariant): Tensor {
  return sonde.conv2d(x, weight, { bias, ...options, variant });
}

/** The operations that are functions of tensors alone, under the names they are exported by; and chains of several. */
export const operations: Record<string, Run> = {
  ...Object.fromEntries(
    Object.entries({
      abs,
      exp,
      log,
      neg,
      relu,
      sigmoid: sonde.sigmoid,
      sqrt,
      square: sonde.square,
      tanh: sonde.tanh,
      ...{ rsqrt: sonde.rsqrt, reciprocal: sonde.reciprocal, log1p: sonde.log1p, expm1: sonde.expm1 },
      ...{ sin: sonde.sin, cos: sonde.cos, tan: sonde.tan, asin: sonde.asin, acos: sonde.acos, atan: sonde.atan },
      ...{ sinh: sonde.sinh, cosh: sonde.cosh, asinh: sonde.asinh, acosh: sonde.acosh, atanh: sonde.atanh },
      ...{ erf: sonde.erf, sign: sonde.sign, floor: sonde.floor, ceil: sonde.ceil, round: sonde.round },
      ...{ trunc: sonde.trunc, detach: sonde.detach, logicalNot: sonde.logicalNot, isNaN: sonde.isNaN },
      ...{ isInf: sonde.isInf, isFinite: sonde.isFinite, cumsum: sonde.cumsum, argsort: sonde.argsort },
      ...{ softplus: sonde.softplus, silu: sonde.silu, mish: sonde.mish, gelu: sonde.gelu, elu: sonde.elu },
      ...{ leakyRelu: sonde.leakyRelu, hardSwish: sonde.hardSwish },
      ...{ flatten: sonde.flatten, tril: sonde.tril, triu: sonde.triu },
    }).map(([name, operation]) => [name, unary(operation)]),
  ),
  add: withNumber(add, 'left'),
  sub: withNumber(sub, 'minuend'),
  mul: withNumber(mul, 'left'),
  div: withNumber(div, 'dividend'),
  maximum: binary(maximum),
  minimum: binary(minimum),
  equal: binary(equal),
  greater: binary(greater),
  ...Object.fromEntries(
    Object.entries({
      ...{ notEqual: sonde.notEqual, less: sonde.less, lessEqual: sonde.lessEqual, mod: sonde.mod },
      ...{ greaterEqual: sonde.greaterEqual, logicalAnd: sonde.logicalAnd, logicalOr: sonde.logicalOr },
      logicalXor: sonde.logicalXor,
    }).map(([name, operation]) => [name, binary(operation)]),
  ),
  ...Object.fromEntries(
    Object.entries({
      ...{ min: sonde.min, prod: sonde.prod, variance: sonde.variance, std: sonde.std, norm: sonde.norm },
      ...{ logSumExp: sonde.logSumExp, any: sonde.any, all: sonde.all, argmax: sonde.argmax, argmin: sonde.argmin },
      ...{ squeeze: sonde.squeeze, flip: sonde.flip },
    }).map(([name, operation]) => [name, withOptions(operation)]),
  ),
  pow: withNumber(sonde.pow, 'base'),
  prelu: ([x, weight]) => [sonde.prelu(x, weight)],
  where: ([a, b]) => [sonde.where(even(a), a, b)],
  sort: ([x]) => [sonde.sort(x).values],
  topK: ([x]) => [sonde.topK(x, 2).values],
  gather: ([x]) => [sonde.gather(x, ints(x, [2, 0, -1]))],
  embedding: ([x]) => [sonde.embedding(ints(x, [2, 0, 2]), x)],
  takeAlongAxis: ([x]) => [sonde.takeAlongAxis(x, ints(x, [0, 0, 3, 1, 2, 2], [3, 2]))],
  scatterAdd: ([x, y]) => [sonde.scatterAdd(x, ints(x, [0, 0, 3, 1, 2, 2], [3, 2]), y)],
  split: ([x]) => sonde.split(x, 2).slice(0, 1),
  stack: (inputs, options) => [sonde.stack(inputs, options)],
  unsqueeze: ([x]) => [sonde.unsqueeze(x, 1)],
  tile: ([x]) => [sonde.tile(x, [2, 1, 2])],
  roll: ([x]) => [sonde.roll(x, 1)],
  einsum: (inputs) => [sonde.einsum('ik,kj->ij', inputs)],
  clamp: ([x]) => [clamp(x, -0.5, 0.5)],
  chain: ([x, y], { expression }) => [chains[expression](x, y)],
  sum: withOptions(sonde.sum),
  mean: withOptions(sonde.mean),
  max: withOptions(sonde.max),
  sumOfSquares: withOptions(sonde.sumOfSquares),
  softmax: withOptions(sonde.softmax),
  logSoftmax: withOptions(sonde.logSoftmax),
  matmul: ([a, b], options, variant) => [
    sonde.matmul(a, b, { ...options, variant: variant === 'winograd' ? undefined : variant }),
  ],
  conv2d: (inputs, options, variant) => [conv2d(inputs, options, variant)],
  conv2dRelu: (inputs, options, variant) => [relu(conv2d(inputs, options, variant))],
  conv2dBatchNorm: ([x, kernel, weight, bias], options, variant) => [
    sonde.batchNorm(conv2d([x, kernel], options, variant), { weight, bias, training: true }),
  ],
  convTranspose2d: ([x, weight, bias], options, variant) => [
    sonde.convTranspose2d(x, weight, { bias, ...options, variant: variant === 'winograd' ? undefined : variant }),
  ],
  batchNorm: ([x, weight, bias, runningMean, runningVar], options) => [
    sonde.batchNorm(x, { weight, bias, runningMean, runningVar, ...options }),
  ],
  groupNorm: ([x, weight, bias], options) => [sonde.groupNorm(x, { weight, bias, ...options })],
  maxPool2d: withOptions(sonde.maxPool2d),
  avgPool2d: withOptions(sonde.avgPool2d),
  resizeBilinear: withOptions(sonde.resizeBilinear),
  resizeNearest: withOptions(sonde.resizeNearest),
  reshape: ([x], { shape }) => [sonde.reshape(x, shape)],
  transpose: withOptions(sonde.transpose),
  broadcastTo: ([x], { shape }) => [sonde.broadcastTo(x, shape)],
  pad: ([x], { padding, ...options }) => [sonde.pad(x, padding, options)],
  slice: withOptions(sonde.slice),
  concat: (inputs, options) => [sonde.concat(inputs, options)],
  cast: ([x], { dtype }) => [sonde.cast(x, dtype)],
  expectation2d: ([p]) => [sonde.expectation2d(p, { grid: 'pixel-centre' })],
  peak2d: unary(sonde.peak2d),
  gaussianHeatmap: ([points], options) => [sonde.gaussianHeatmap(points, { ...options, grid: 'pixel-centre' })],
  gaussianTarget([points], options) {
    const target = sonde.gaussianTarget(points, { ...options, grid: 'pixel-centre' });
    return [target.heatmap, target.negativeEntropy, target.leastDivergence];
  },
  sampleAffine: binary(sonde.sampleAffine),
  gaussianBlur: ([x, sigma], options) => [sonde.gaussianBlur(x, sigma, options)],
  greyJitterTables([factors]) {
    const { device } = factors;
    const histograms = device.tensor(new Uint32Array(512).fill(1), [2, 256], 'u32');
    return [sonde.greyJitterTables(histograms, device.tensor([0, 1], [2], 'u32'), factors)];
  },
  gatherFrames([tables]) {
    const { device } = tables;
    const frames = sonde.packFrames([Uint8Array.of(0, 1, 2, 3, 4, 5)], [2, 3]);
    const chunk = device.tensor(frames, [1, frames.length], 'u32');
    return [sonde.gatherFrames([chunk], device.tensor([0], [1], 'u32'), { size: [2, 3], tables })];
  },
  clipByNorm: (gradients) => sonde.clipByNorm(gradients, 0.5),
  clipWithNorm(gradients) {
    const clipped = sonde.clipWithNorm(gradients, 0.5);
    return [...clipped.gradients, clipped.norm];
  },
  globalNorm: (gradients) => [sonde.globalNorm(gradients)],
};

/** Operations that change stored tensors: from the values of a case's inputs to its results. */
export const stateful: Record<
  string,
  (device: Device, values: readonly (readonly number[])[], execute: Execute) => Promise<Tensor[]>
> = {
  Adam: optimize(() => new sonde.Adam({ weightDecay: 0.01 })),
  AdamW: optimize(() => new sonde.AdamW({ weightDecay: 0.01 })),
  SGD: optimize(() => new sonde.SGD({ momentum: 0.9, weightDecay: 0.01 })),
  async MovingAverage(device, [average, x], execute) {
    const averages = [device.tensor(average)];
    const moving = new sonde.MovingAverage();
    await execute((value) => moving.update(averages, [value], 0.25), device.tensor(x));
    return averages;
  },
  async LossScaler(device, [norm], execute) {
    const scaler = new sonde.LossScaler(device, { initial: 4, interval: 2 });
    await execute((value) => scaler.update(value), device.tensor(norm, []));
    return [scaler.current()];
  },
  async batchNormRunning(device, [x, mean, variance], execute) {
    const [runningMean, runningVar] = [device.tensor(mean), device.tensor(variance)];
    const [weight, bias] = [device.ones([3]), device.zeros([3])];
    await execute(
      (value) => {
        sonde.batchNorm(value, { weight, bias, runningMean, runningVar, training: true });
      },
      device.tensor(x, [5, 3]),
    );
    return [runningMean, runningVar];
  },
};

/** Calls a function with effects, as it is or compiled. */
export type Execute = (step: (x: Tensor) => void, x: Tensor) => Promise<void>;

function optimize(make: () => Optimizer): (typeof stateful)[string] {
  return async (device, [parameter, ...steps], execute) => {
    const own = device.tensor(parameter);
    const optimizer = make();
    for (const gradient of steps) {
      await execute((value) => optimizer.update([own], [value], 0.1), device.tensor(gradient));
    }
    return [own];
  };
}

/** What else the engine exports: no operation on floats, so without a row in the table. */
export const notOperations: Record<string, string> = {
  ...Object.fromEntries(
    Object.keys(sonde)
      .filter((name) => name.endsWith('Error'))
      .map((name) => [name, 'an error']),
  ),
  compile: 'runs operations',
  checkpoint: 'runs operations',
  gradients: 'records the operations of the table',
  record: 'records an operation',
  scope: 'names what is recorded',
  assign: 'copies words',
  arange: 'has no operand',
  linspace: 'has no operand',
  eye: 'has no operand',
  zerosLike: 'reads no values',
  onesLike: 'reads no values',
  fullLike: 'reads no values',
  oneHot: 'takes whole numbers',
  fromBuffer: 'copies words',
  toBuffer: 'copies words',
  pointwise: 'makes an operation',
  sumTo: 'sums by sum',
  broadcastShapes: 'counts elements',
  normalizeAxes: 'counts axes',
  randomNormal: 'has no operand',
  randomUniform: 'has no operand',
  randomBernoulli: 'has no operand',
  Generator: 'holds the state of draws',
  dropout: 'multiplies by a mask that is drawn; its own tests have NaN and infinity',
  openDevice: 'opens a device',
  isTooLarge: 'reads an error',
  tune: 'measures kernels',
  findMatrixUnits: 'tests kernels',
  kernel: 'text of kernels',
  uniforms: 'text of kernels',
  linearGrid: 'counts workgroups',
  formatShape: 'writes a shape',
  formatProfile: 'writes a table',
  sameShape: 'compares shapes',
  sizeOf: 'counts elements',
  histogramOf: 'counts bytes, not on the device',
  packFrames: 'packs bytes, not on the device',
  wordsPerFrame: 'counts words',
  Optimizer: 'is abstract',
  Tensor: 'holds values',
};

const everyOperand = () => true;
const firstOperand = (i: number) => i === 0;

/** Operations that take f16, and which of their operands may be. */
export const halves: Record<string, (operand: number) => boolean> = {
  ...Object.fromEntries(
    [
      ...['neg', 'exp', 'log', 'sqrt', 'square', 'abs', 'relu', 'sigmoid', 'tanh', 'clamp'],
      ...['add', 'sub', 'mul', 'div', 'maximum', 'minimum', 'equal', 'greater', 'matmul'],
      ...['sum', 'mean', 'max', 'sumOfSquares', 'maxPool2d', 'avgPool2d', 'resizeBilinear', 'resizeNearest'],
      ...['reshape', 'transpose', 'broadcastTo', 'pad', 'slice', 'concat'],
    ].map((name) => [name, everyOperand]),
  ),
  ...Object.fromEntries(
    ['conv2d', 'conv2dRelu', 'conv2dBatchNorm', 'convTranspose2d', 'batchNorm', 'groupNorm'].map((name) => [
      name,
      firstOperand,
    ]),
  ),
};

/** A product and a convolution for kernels that compile slowly. */
export const inFours = new Set(['matmul in fours', 'conv2d in fours, padded']);

/** The kernels that can compute a case on such a device; undefined for the one that is chosen. */
export function variantsOf(
  { name, operation, options, inputs }: TableCase,
  kind: 'own' | 'GPU',
): readonly (ConvVariant | undefined)[] {
  if (!/^(matmul|conv)/.test(operation)) return [undefined];
  // The chosen one is `lanes` on a driver on CPU cores, and `tiled` on a GPU.
  const direct: (ConvVariant | undefined)[] = kind === 'own' ? [undefined, 'tiled'] : [undefined];
  // A driver on CPU cores compiles large tiles for seconds: once.
  if (kind === 'GPU' && operation === 'conv2d' && inFours.has(name)) direct.push('tiled-128');
  const [, height, width] = inputs[1].shape;
  const plain = ['stride', 'dilation', 'groups'].every((name) => options[name] === undefined);
  return operation.startsWith('conv2d') && height === 3 && width === 3 && plain ? [...direct, 'winograd'] : direct;
}
