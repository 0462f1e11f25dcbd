import { beforeAll, describe, expect, test } from 'vitest';
import { sizeOf } from '../../src/engine/shape.js';
import * as sonde from '../../src/index.js';
import { sharedDevice } from '../support/device.js';

// Pages have no TypeScript: whatever a function is called with, a sentence that names it has to say what is wrong.
// Every exported function is called rightly, to see that it takes what it should, and then wrongly in every way.

type DType = sonde.DType;
const floats: readonly DType[] = ['f32', 'f16'];
const any: readonly DType[] = ['f32', 'f16', 'i32', 'u32', 'bool'];
const numbers: readonly DType[] = ['f32', 'f16', 'i32', 'u32'];

/** Stands for a tensor in a call, with the types that it may have. */
class Operand {
  /** Whether a number can stand there. */
  number = false;
  constructor(
    readonly shape: readonly number[],
    readonly types: readonly DType[],
  ) {}
}

const f32 = (...shape: number[]) => new Operand(shape, ['f32']);
const u32 = (...shape: number[]) => new Operand(shape, ['u32']);
const float = (...shape: number[]) => new Operand(shape, floats);
const moved = (...shape: number[]) => new Operand(shape, any);
const numeric = (...shape: number[]) => new Operand(shape, numbers);
const index = (...shape: number[]) => new Operand(shape, ['i32', 'u32']);
const bool = (...shape: number[]) => new Operand(shape, ['bool']);
const orNumber = (operand: Operand) => Object.assign(operand, { number: true });

interface Row {
  readonly call: (...args: never[]) => unknown;
  /** A right call: operands, and values as they are. */
  readonly args: readonly unknown[];
  /** Options that it can have, besides. */
  readonly options?: Readonly<Record<string, unknown>>;
  /** How many of the arguments may be left out. */
  readonly optional?: number;
  /** As messages name it. */
  readonly name?: string;
}

let device: sonde.Device;
beforeAll(async () => {
  device = await sharedDevice();
});

const rows = (row: (call: Row['call']) => Row, calls: Readonly<Record<string, Row['call']>>) =>
  Object.fromEntries(Object.entries(calls).map(([name, call]) => [name, row(call)]));
const unary = (call: Row['call']): Row => ({ call, args: [moved(2, 3)] });
const unaryOfNumbers = (call: Row['call']): Row => ({ call, args: [numeric(2, 3)] });
const binary = (call: Row['call']): Row => ({ call, args: [orNumber(moved(2, 3)), orNumber(moved(3))] });
const binaryOfNumbers = (call: Row['call']): Row => ({ call, args: [orNumber(numeric(2, 3)), orNumber(numeric(3))] });
const reduction = (call: Row['call']): Row => ({ call, args: [float(2, 3)], options: { axes: [0], keepDims: true } });
const anyReduction = (call: Row['call']): Row => ({ ...reduction(call), args: [moved(2, 3)] });
const alongAxis = (call: Row['call'], options: Row['options'] = {}): Row => ({
  call,
  args: [moved(2, 3)],
  options: { axis: 0, ...options },
});
const softmax = (call: Row['call']): Row => ({ call, args: [f32(2, 3)], options: { axes: [0] } });
const image = (call: Row['call'], options: Row['options'], required: object): Row => ({
  call,
  args: [float(1, 4, 4, 2), required],
  options,
});
const convolution = { bias: f32(2), stride: 1, padding: [1, 1], dilation: 1, groups: 1, variant: 'tiled' };
const heatmap = { normalized: true };
const adam = { betas: [0.9, 0.99], eps: 1e-8, weightDecay: 0.1 };
const identity: sonde.Operation = {
  name: 'identity',
  shape: ([x]) => [x],
  lower: () => {},
};
/** Made when it is called, since there is no device before. */
class Later {
  constructor(readonly make: () => unknown) {}
}
const theDevice = new Later(() => device);
const aGenerator = new Later(() => device.generator(3));

const TABLE: Readonly<Record<string, Row>> = {
  // Operations
  neg: { call: sonde.neg, args: [new Operand([2, 3], ['f32', 'f16', 'i32'])] },
  ...rows(unary, { exp: sonde.exp, log: sonde.log, sqrt: sonde.sqrt, square: sonde.square }),
  ...rows(unary, { abs: sonde.abs, relu: sonde.relu, sigmoid: sonde.sigmoid, tanh: sonde.tanh }),
  ...rows(binary, { add: sonde.add, mul: sonde.mul, div: sonde.div }),
  ...rows(binaryOfNumbers, { sub: sonde.sub, pow: sonde.pow, mod: sonde.mod }),
  ...rows(binary, { maximum: sonde.maximum, minimum: sonde.minimum, equal: sonde.equal, greater: sonde.greater }),
  ...rows(binary, { notEqual: sonde.notEqual, less: sonde.less, lessEqual: sonde.lessEqual }),
  ...rows(binary, { greaterEqual: sonde.greaterEqual, logicalAnd: sonde.logicalAnd }),
  ...rows(binary, { logicalOr: sonde.logicalOr, logicalXor: sonde.logicalXor }),
  ...rows(unary, { logicalNot: sonde.logicalNot, isNaN: sonde.isNaN, isInf: sonde.isInf, isFinite: sonde.isFinite }),
  where: { call: sonde.where, args: [bool(2, 3), orNumber(moved(2, 3)), orNumber(moved(3))] },
  ...rows(unary, { rsqrt: sonde.rsqrt, reciprocal: sonde.reciprocal, log1p: sonde.log1p, expm1: sonde.expm1 }),
  ...rows(unary, { sin: sonde.sin, cos: sonde.cos, tan: sonde.tan, atan: sonde.atan, asinh: sonde.asinh }),
  ...rows(unary, { sinh: sonde.sinh, cosh: sonde.cosh, acosh: sonde.acosh, erf: sonde.erf, detach: sonde.detach }),
  softplus: { call: sonde.softplus, args: [float(2, 3)] },
  ...rows((call) => ({ call, args: [float(2, 3)] }), {
    silu: sonde.silu,
    mish: sonde.mish,
    hardSwish: sonde.hardSwish,
  }),
  gelu: { call: sonde.gelu, args: [float(2, 3)], options: { approximate: 'tanh' } },
  leakyRelu: { call: sonde.leakyRelu, args: [float(2, 3)], options: { negativeSlope: 0.1 } },
  elu: { call: sonde.elu, args: [float(2, 3)], options: { alpha: 2 } },
  prelu: { call: sonde.prelu, args: [float(2, 3), float(3)] },
  // Beyond 1 these are NaN.
  ...rows((call) => ({ call, args: [moved(1)] }), { asin: sonde.asin, acos: sonde.acos }),
  atanh: {
    call: (...args: [sonde.Tensor]) =>
      args.length === 1 && args[0] instanceof sonde.Tensor
        ? sonde.atanh(sonde.mul(args[0], 0.5))
        : sonde.atanh(...args),
    args: [moved(1)],
  },
  ...rows(unaryOfNumbers, { floor: sonde.floor, ceil: sonde.ceil, round: sonde.round, trunc: sonde.trunc }),
  ...rows(unary, { sign: sonde.sign }),
  clamp: { call: sonde.clamp, args: [numeric(2, 3), 0, 1] },
  ...rows(reduction, { mean: sonde.mean, sumOfSquares: sonde.sumOfSquares }),
  ...rows(anyReduction, { sum: sonde.sum, max: sonde.max, min: sonde.min, prod: sonde.prod }),
  ...rows(anyReduction, { any: sonde.any, all: sonde.all }),
  variance: { ...reduction(sonde.variance), options: { axes: [1], keepDims: true, correction: 0 } },
  std: { ...reduction(sonde.std), options: { axes: [1], keepDims: true, correction: 0 } },
  logSumExp: reduction(sonde.logSumExp),
  norm: { ...reduction(sonde.norm), options: { axes: [1], keepDims: true, p: 1 } },
  einsum: { call: sonde.einsum, args: ['ik,kj->ij', [float(2, 2), float(2, 2)]], name: '(einsum|matmul)' },
  ...rows(alongAxis, { cumsum: sonde.cumsum, argsort: sonde.argsort, sort: sonde.sort }),
  gather: { call: sonde.gather, args: [moved(5, 3), index(2, 2)], options: { axis: 0 } },
  takeAlongAxis: { call: sonde.takeAlongAxis, args: [moved(2, 4), index(2, 3)], options: { axis: 1 } },
  scatterAdd: { call: sonde.scatterAdd, args: [f32(2, 4), index(2, 3), f32(2, 3)], options: { axis: 1 } },
  embedding: { call: sonde.embedding, args: [index(2, 3), moved(4, 2)], name: 'embedding' },
  oneHot: { call: sonde.oneHot, args: [index(2, 3), 4], options: { dtype: 'i32' } },
  topK: { call: sonde.topK, args: [moved(2, 3), 1], options: { axis: 0, largest: false }, name: 'topK' },
  ...rows(alongAxis, { argmax: sonde.argmax, argmin: sonde.argmin }),
  split: { call: sonde.split, args: [moved(2, 4), 2], options: { axis: 1 } },
  stack: { call: sonde.stack, args: [[f32(2, 3), f32(2, 3)]], options: { axis: 0 }, name: '(stack|concat)' },
  squeeze: { call: sonde.squeeze, args: [moved(1, 3)], options: { axes: [0] } },
  unsqueeze: { call: sonde.unsqueeze, args: [moved(2, 3), 1] },
  flatten: { call: sonde.flatten, args: [moved(2, 3)], options: { start: 0, end: 1 } },
  tile: { call: sonde.tile, args: [moved(2, 3), [2, 1]] },
  flip: { call: sonde.flip, args: [moved(2, 3)], options: { axes: [1] } },
  roll: { call: sonde.roll, args: [moved(2, 3), 1], options: { axis: 0 } },
  tril: { call: sonde.tril, args: [moved(2, 3)], options: { diagonal: 1 } },
  triu: { call: sonde.triu, args: [moved(2, 3)], options: { diagonal: 1 } },
  arange: { call: sonde.arange, args: [theDevice, 0, 3, 1], optional: 1 },
  linspace: { call: sonde.linspace, args: [theDevice, 0, 1, 3] },
  eye: { call: sonde.eye, args: [theDevice, 2, 3], optional: 1 },
  ...rows(unary, { zerosLike: sonde.zerosLike, onesLike: sonde.onesLike }),
  fullLike: { call: sonde.fullLike, args: [moved(2, 3), 1], name: '(fullLike|fill)' },
  softmax: softmax(sonde.softmax),
  logSoftmax: softmax(sonde.logSoftmax),
  matmul: {
    call: sonde.matmul,
    args: [float(2, 2), float(2, 2)],
    options: { transposeA: true, transposeB: false, variant: 'tiled' },
  },
  conv2d: { call: sonde.conv2d, args: [float(1, 4, 4, 2), float(2, 3, 3, 2)], options: convolution },
  convTranspose2d: {
    call: sonde.convTranspose2d,
    args: [float(1, 4, 4, 2), float(2, 3, 3, 2)],
    options: { ...convolution, stride: 2, outputPadding: 1 },
  },
  batchNorm: {
    call: sonde.batchNorm,
    args: [float(4, 2), { weight: f32(2), bias: f32(2), training: true }],
    options: { runningMean: f32(2), runningVar: f32(2), momentum: 0.1, eps: 1e-5, activation: 'relu' },
  },
  groupNorm: {
    call: sonde.groupNorm,
    args: [float(3, 4), { groups: 2, weight: f32(4), bias: f32(4) }],
    options: { eps: 1e-5 },
  },
  maxPool2d: image(sonde.maxPool2d, { stride: 2, padding: 1 }, { kernelSize: 2 }),
  avgPool2d: image(sonde.avgPool2d, { stride: 2, padding: 1, countIncludePad: false }, { kernelSize: 2 }),
  resizeBilinear: image(sonde.resizeBilinear, { alignCorners: true }, { size: [3, 3] }),
  resizeNearest: image(sonde.resizeNearest, {}, { scale: 2 }),
  expectation2d: { call: sonde.expectation2d, args: [f32(1, 4, 4, 2), { grid: 'linspace' }] },
  gaussianHeatmap: {
    call: sonde.gaussianHeatmap,
    args: [f32(1, 2, 2), { size: [4, 4], sigma: 1, grid: 'linspace' }],
    options: heatmap,
  },
  gaussianTarget: {
    call: sonde.gaussianTarget,
    args: [f32(1, 2, 2), { size: [4, 4], sigma: [1, 2], grid: 'linspace' }],
    options: heatmap,
    name: 'gaussian',
  },
  peak2d: { call: sonde.peak2d, args: [f32(1, 4, 4, 2)] },
  sampleAffine: { call: sonde.sampleAffine, args: [f32(2, 4, 4, 1), f32(2, 6)], options: { size: [2, 2] } },
  gaussianBlur: { call: sonde.gaussianBlur, args: [f32(2, 4, 4, 1), f32(2), { maxSigma: 2 }] },
  greyJitterTables: { call: sonde.greyJitterTables, args: [u32(3, 256), u32(2), f32(2, 3)] },
  histogramOf: { call: sonde.histogramOf, args: [new Uint8Array(4)] },
  gatherFrames: {
    call: sonde.gatherFrames,
    args: [[u32(3, 8)], u32(2), { size: [4, 8] }],
    options: { tables: f32(2, 256) },
  },
  packFrames: { call: sonde.packFrames, args: [[new Uint8Array(4)], [2, 2]] },
  wordsPerFrame: { call: sonde.wordsPerFrame, args: [[2, 2]] },
  transpose: { call: sonde.transpose, args: [moved(2, 3)], options: { axes: [1, 0] } },
  broadcastTo: { call: sonde.broadcastTo, args: [moved(1, 3), [2, 3]] },
  reshape: { call: sonde.reshape, args: [moved(2, 3), [3, -1]] },
  pad: { call: sonde.pad, args: [moved(2), [[1, 1]]], options: { value: 1, mode: 'replicate' } },
  slice: { call: sonde.slice, args: [moved(2, 3), {}], options: { start: [1], end: [2], step: [1, 2] } },
  concat: { call: sonde.concat, args: [[f32(2, 3), f32(2, 3)]], options: { axis: 0 } },
  cast: { call: sonde.cast, args: [moved(2), 'f32'] },
  // What records and runs them
  record: { call: sonde.record, args: [identity, [f32(2)], null], name: '(record|identity)' },
  assign: { call: sonde.assign, args: [f32(2), f32(2)] },
  gradients: {
    call: sonde.gradients,
    args: [float(1), []],
  },
  scope: { call: sonde.scope, args: ['part', () => 0] },
  checkpoint: { call: sonde.checkpoint, args: [() => 0] },
  compile: { call: sonde.compile, args: [() => {}], options: { device: theDevice, onCompile: () => {} } },
  tune: {
    call: (compiled: never, ...rest: never[]) => sonde.tune(compiled, ...(rest as unknown as [never])),
    args: [new Later(() => sonde.compile((x) => sonde.relu(x))), [f32(2)]],
    options: { repeats: 1, tolerance: 1, again: true, onProgress: () => {} },
  },
  openDevice: {
    call: async (...args: never[]) => (await sonde.openDevice(...args)).close(),
    args: [],
    options: { powerPreference: 'low-power', checked: true, tuning: 'none', dawn: [], experimental: false },
  },
  findMatrixUnits: { call: sonde.findMatrixUnits, args: [theDevice] },
  randomUniform: { call: sonde.randomUniform, args: [theDevice, [2], 7, 0, 1], optional: 2 },
  randomNormal: { call: sonde.randomNormal, args: [theDevice, [2], [7, 1], 0, 1], optional: 2 },
  randomBernoulli: { call: sonde.randomBernoulli, args: [theDevice, [2], aGenerator, 0.5] },
  dropout: {
    call: sonde.dropout,
    args: [float(2, 3), { generator: aGenerator }],
    options: { p: 0.1, training: false },
  },
  // Training
  globalNorm: { call: sonde.globalNorm, args: [[f32(2)]], name: '(globalNorm|clip)' },
  clipByNorm: { call: sonde.clipByNorm, args: [[f32(2)], 1], name: 'clip' },
  clipWithNorm: { call: sonde.clipWithNorm, args: [[f32(2)], 1], options: { scale: float(1) }, name: 'clip' },
  Adam: { call: (...args: never[]) => new sonde.Adam(...args), args: [], options: adam },
  AdamW: { call: (...args: never[]) => new sonde.AdamW(...args), args: [], options: adam },
  SGD: {
    call: (...args: never[]) => new sonde.SGD(...args),
    args: [],
    options: { momentum: 0.9, weightDecay: 0.1 },
  },
  LossScaler: {
    call: (given: sonde.Device, ...rest: never[]) => new sonde.LossScaler(given, ...rest),
    args: [theDevice],
    options: { initial: 2, interval: 3, least: 1, most: 8 },
  },
  // Methods
  'SGD.update': {
    call: (...args: never[]) => new sonde.SGD().update(...(args as unknown as [never, never, never])),
    args: [[f32(2)], [f32(2)], 0.1],
    options: { onlyIfFinite: f32(1) },
    name: 'sgd',
  },
  'MovingAverage.update': {
    call: (...args: never[]) => new sonde.MovingAverage().update(...(args as unknown as [never, never, never])),
    args: [[f32(2)], [f32(2)], 0.1],
    name: '(MovingAverage|moving average)',
  },
  'device.tensor': {
    call: (...args: never[]) => device.tensor(...(args as unknown as [never])),
    args: [[1, 2], [2], 'f32'],
    optional: 2,
    name: 'tensor',
  },
  ...Object.fromEntries(
    (['zeros', 'ones'] as const).map((name) => [
      `device.${name}`,
      { call: (...args: never[]) => device[name](...(args as unknown as [never])), args: [[2]], name },
    ]),
  ),
  'device.full': {
    call: (...args: never[]) => device.full(...(args as unknown as [never, never])),
    args: [[2], 1],
    name: 'full',
  },
  'device.randn': {
    call: (...args: never[]) => device.randn(...(args as unknown as [never, never])),
    args: [[2], 1],
    name: 'randn',
  },
  'device.uniform': {
    call: (...args: never[]) => device.uniform(...(args as unknown as [never, never])),
    args: [[2], 1, 0, 1],
    optional: 2,
    name: 'uniform',
  },
  'device.generator': {
    call: (...args: never[]) => device.generator(...(args as unknown as [never])),
    args: [7],
    name: 'generator',
  },
  'device.allocate': {
    call: (...args: never[]) => device.allocate(...(args as unknown as [never])),
    args: [() => device.ones([1])],
    name: 'allocate',
  },
};

/** Exported, and without a row of their own. */
const EXEMPT: Readonly<Record<string, string>> = {
  ...Object.fromEntries(['kernel', 'uniforms', 'linearGrid'].map((name) => [name, 'text and numbers of kernels'])),
  ...Object.fromEntries(['formatShape', 'sameShape', 'sizeOf'].map((name) => [name, 'arithmetic of shapes'])),
  ...Object.fromEntries(['broadcastShapes', 'normalizeAxes'].map((name) => [name, 'arithmetic of shapes'])),
  pointwise: 'makes an operation from WGSL',
  sumTo: 'a part of gradients',
  ...Object.fromEntries(['fromBuffer', 'toBuffer'].map((name) => [name, 'see interop.test.ts: they need buffers'])),
  formatProfile: 'prints what profile has returned',
  isTooLarge: 'takes anything that was thrown',
  Optimizer: 'abstract; see SGD.update',
  Generator: 'made by device.generator',
  MovingAverage: 'made from nothing; see MovingAverage.update',
  Tensor: 'made by devices and operations only',
};

test('every exported function has a row', () => {
  const functions = Object.entries(sonde).flatMap(([name, value]) =>
    typeof value === 'function' && !(value.prototype instanceof Error) ? [name] : [],
  );
  expect(functions.filter((name) => !TABLE[name] && !EXEMPT[name])).toEqual([]);
  const known = new Set(functions);
  expect(
    [...Object.keys(TABLE), ...Object.keys(EXEMPT)].filter((name) => !name.includes('.') && !known.has(name)),
  ).toEqual([]);
});

/** What stands for nothing that any function takes. */
const NOTHING: readonly unknown[] = [undefined, null, 'nonsense', {}, [null], Number.NaN, Promise.resolve(1)];

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}

/** Truth values are 1 in every type, so those of one call are, if one of its operands can be bool. */
function make(given: unknown, dtype?: DType, onlyOnes = false): unknown {
  if (given instanceof Later) return given.make();
  if (given instanceof Operand) {
    // Small whole numbers are the same in every type; none is 0, which is no divisor and has no logarithm.
    const type = dtype ?? given.types[0];
    const most = onlyOnes || type === 'bool' ? 1 : 3;
    const drawn = Float32Array.from({ length: sizeOf(given.shape) }, (_, i) => 1 + (i % most));
    return device.tensor(drawn, given.shape, type);
  }
  if (Array.isArray(given)) return given.map((item) => make(item, dtype, onlyOnes));
  if (isRecord(given)) {
    return Object.fromEntries(Object.entries(given).map(([name, value]) => [name, make(value, dtype, onlyOnes)]));
  }
  return given;
}

/** Every place in a call where an operand stands, with the call that has another value there. */
function* places(
  given: unknown,
  replace: (value: unknown) => unknown,
): Generator<[Operand, (value: unknown) => unknown]> {
  if (given instanceof Operand) yield [given, replace];
  else if (Array.isArray(given)) {
    for (const [i, item] of given.entries()) yield* places(item, (value) => replace(given.with(i, value)));
  } else if (isRecord(given)) {
    for (const [name, item] of Object.entries(given))
      yield* places(item, (value) => replace({ ...given, [name]: value }));
  }
}

/** The numbers in what an operation has returned. The operation of `record` has no kernel. */
async function values(result: unknown): Promise<number[]> {
  const numbers: number[] = [];
  for (const tensor of [result].flat()) {
    if (!(tensor instanceof sonde.Tensor)) continue;
    const { origin } = tensor;
    if (origin.kind === 'recorded' && origin.node.operation.name === 'identity') continue;
    numbers.push(...(await tensor.data()));
  }
  return numbers;
}

/** What a call throws, or rejects with. */
async function failure({ call }: Row, args: unknown): Promise<unknown> {
  try {
    await call(...(args as never[]));
    return undefined;
  } catch (error) {
    return error;
  }
}

async function expectRefusal(row: Row, name: string, args: unknown, sentence = /./): Promise<void> {
  const error = await failure(row, args);
  const what = `${name}(${describeArgs(args)})`;
  expect(error, what).toBeInstanceOf(sonde.SondeError);
  expect((error as Error).message, what).toMatch(new RegExp(`^${row.name ?? name}`));
  expect((error as Error).message, what).toMatch(sentence);
}

const describeArgs = (args: unknown) => (args as unknown[]).map(String).join(', ').slice(0, 200);

/** The arguments with options: those of the row in a last one of their own, or joined to its last. */
function withOptions({ args }: Row, options: object): unknown[] {
  const last = args.at(-1);
  return isRecord(last) ? args.with(-1, { ...last, ...options }) : [...args, options];
}

describe.each(Object.entries(TABLE))('%s', (name, row) => {
  const full = () => (row.options ? withOptions(row, row.options) : row.args);

  test('takes a right call, with and without options, and each type of each operand', async () => {
    // A gradient needs more than operands.
    if (name === 'gradients') return;
    const onlyOnes = [...places(full(), (value) => value)].some(([operand]) => operand.types.includes('bool'));
    expect(await failure(row, make(row.args, undefined, onlyOnes))).toBeUndefined();
    expect(await failure(row, make(full(), undefined, onlyOnes))).toBeUndefined();
    for (const [operand, replace] of places(row.args, (value) => value)) {
      const expected = await values(await row.call(...(make(row.args, undefined, onlyOnes) as never[])));
      for (const dtype of operand.types) {
        if (dtype === 'f16' && !device.traits.f16) continue;
        const result = await values(
          await row.call(...(make(replace(make(operand, dtype, onlyOnes)), undefined, onlyOnes) as never[])),
        );
        expect(result.length, dtype).toBe(expected.length);
        for (const [i, value] of result.entries()) {
          // A result of f16 is off by half a unit of its last place.
          expect(Math.abs(value - expected[i]), dtype).toBeLessThanOrEqual(2 ** -10 * Math.abs(expected[i]));
        }
      }
    }
  });

  test('refuses every other type of each operand, and what is no tensor', async () => {
    for (const [operand, replace] of places(full(), (value) => value)) {
      for (const dtype of any) {
        if (operand.types.includes(dtype) || (dtype === 'f16' && !device.traits.f16)) continue;
        const sentence =
          name === 'assign' || name === 'tune' ? /./ : /cast|device\.tensor|f32 tensors|an f32|must be the same/;
        if (name === 'tune') continue;
        await expectRefusal(row, name, make(replace(make(operand, dtype))), sentence);
      }
    }
    for (const [operand, replace] of places(row.args, (value) => value)) {
      for (const value of operand.number ? NOTHING.filter((own) => !Number.isNaN(own)) : [...NOTHING, 5]) {
        if (name === 'tune' && value === 5) continue;
        await expectRefusal(row, name, make(replace(value)));
      }
    }
  });

  test('refuses an option that there is not, by name and with the one that is meant', async () => {
    const last = row.args.at(-1);
    const required = isRecord(last) ? last : {};
    for (const option of Object.keys({ ...required, ...row.options })) {
      const [first, second, ...rest] = option;
      for (const typo of [`${option}s`, `${option}_`, second ? [second, first, ...rest].join('') : 'q']) {
        const meant = new RegExp(`there is no option ${typo}; did you mean ${option}\\?`);
        await expectRefusal(row, name, make(withOptions(row, { [typo]: 1 })), meant);
      }
      for (const value of [null, 'nonsense', {}]) {
        await expectRefusal(row, name, make(withOptions(row, { [option]: value })), new RegExp(`for ${option}; give`));
      }
      if (option in required) {
        const without = Object.fromEntries(Object.entries(required).filter(([own]) => own !== option));
        await expectRefusal(row, name, make([...row.args.slice(0, -1), without]));
      }
    }
  });

  test('refuses arguments too few and too many', async () => {
    const takesOptions = row.options !== undefined || isRecord(row.args.at(-1));
    const least = row.args.length - (row.optional ?? 0);
    if (least > 0 && name !== 'slice' && name !== 'record') {
      await expectRefusal(row, name, make(row.args.slice(0, least - 1)));
      await expectRefusal(row, name, []);
    }
    if (name === 'record') return;
    await expectRefusal(row, name, make([...full(), 'more']));
    if (takesOptions && row.options) {
      for (const positional of [0, [0], 'nonsense', true]) {
        await expectRefusal(row, name, make([...row.args.slice(0, full().length - 1), positional]), /options/);
      }
    }
  });
});

test('what map and reduce pass besides is no mistake', async () => {
  const tensors = [1, 2].map((value) => device.tensor([value]));
  expect(await tensors.map(sonde.neg).reduce(sonde.add).item()).toBe(-3);
});

describe('numbers that mean nothing are refused', () => {
  test.each([
    ['Adam: got [0.9, 1] for betas', () => new sonde.Adam({ betas: [0.9, 1] })],
    ['Adam: got [-0.1, 0.9] for betas', () => new sonde.Adam({ betas: [-0.1, 0.9] })],
    ['Adam: got [NaN, 0.9] for betas', () => new sonde.Adam({ betas: [Number.NaN, 0.9] })],
    ['AdamW: got -1 for eps', () => new sonde.AdamW({ eps: -1 })],
    ['AdamW: got NaN for weightDecay', () => new sonde.AdamW({ weightDecay: Number.NaN })],
    ['SGD: got -0.5 for momentum', () => new sonde.SGD({ momentum: -0.5 })],
    ['sgd: got NaN for learningRate', () => new sonde.SGD().update([device.ones([1])], [device.ones([1])], Number.NaN)],
    ['sgd: got -0.1 for learningRate', () => new sonde.SGD().update([device.ones([1])], [device.ones([1])], -0.1)],
    ['clipByNorm: got 0 for maxNorm', () => sonde.clipByNorm([device.ones([1])], 0)],
    ['clamp: got NaN for low', () => sonde.clamp(device.ones([1]), Number.NaN, 1)],
    ['uniform: got Infinity for high', () => device.uniform([2], 1, 0, Number.POSITIVE_INFINITY)],
    ['randn: got 1.5 for key', () => device.randn([2], 1.5)],
    [
      'batchNorm: got 2 for momentum',
      () => {
        const ones = device.ones([2]);
        sonde.batchNorm(device.ones([4, 2]), { weight: ones, bias: ones, training: true, momentum: 2 });
      },
    ],
    [
      'conv2d: got -1 for stride',
      () => sonde.conv2d(device.ones([1, 4, 4, 1]), device.ones([1, 3, 3, 1]), { stride: -1 }),
    ],
    ['pad: value is 0.5 and x is u32', () => sonde.pad(device.tensor([1], [1], 'u32'), [[1, 1]], { value: 0.5 })],
    ['add: numbers and no tensor', () => sonde.add(1, 2)],
  ])('%s', (sentence, call) => {
    expect(call).toThrow(sonde.SondeError);
    expect(call).toThrow(sentence);
  });
});
