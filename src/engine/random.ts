import type { Device } from './device.js';
import { TensorError } from './errors.js';
import { Generator } from './generator.js';
import { activeTrace, record } from './graph.js';
import { linearGrid } from './grid.js';
import * as kinds from './kinds.js';
import { U32 } from './operands.js';
import type { Operation } from './operation.js';
import philox from './philox.wgsl';
import randomKernel from './random.wgsl';
import { keyWords, type RandomKey, randomKey } from './random-key.js';
import { checkShape, formatShape, type Shape, sizeOf } from './shape.js';
import { signature } from './signature.js';
import { Tensor } from './tensor.js';
import { kernel, uniforms } from './wgsl/index.js';

/**
 * The source of random draws: a key, a key on the device (u32, one or two words: `[k]` and `[a, b]` give the bits of
 * the numbers `k` and `[a, b]`), or a generator, which goes on from draw to draw.
 */
export type RandomSource = RandomKey | Tensor | Generator;

export const randomSource = kinds.either(randomKey, kinds.either(kinds.tensor, kinds.generator));

interface RandomAttributes {
  readonly shape: Shape;
  /** The key, where it is not an input. */
  readonly key: readonly [number, number];
  readonly distribution: 'uniform' | 'normal' | 'bernoulli';
  /** Lower and upper bound of a uniform draw; mean and standard deviation of a normal one; a probability. */
  readonly parameters: readonly [number, number];
}

const drawUniforms = uniforms({
  count: 'u32',
  key0: 'u32',
  key1: 'u32',
  key_words: 'u32',
  a: 'f32',
  b: 'f32',
});

const randomOperation: Operation<RandomAttributes> = {
  name: 'random',
  operands: { key: U32 },
  shape(_inputs, { shape }) {
    checkShape('random', shape);
    return [{ shape, dtype: 'f32' }];
  },
  lower(lowering, inputs, [result], { shape, key, distribution, parameters }) {
    const count = sizeOf(shape);
    const [a, b] = parameters;
    const keyWordCount = inputs.length > 0 ? sizeOf(inputs[0].shape) : 0;
    lowering.dispatch({
      label: 'random',
      ...kernel(philox + randomKernel, {
        constants: {
          STORED: inputs.length > 0,
          UNIFORM: distribution === 'uniform',
          NORMAL: distribution === 'normal',
          BERNOULLI: distribution === 'bernoulli',
        },
        uniforms: drawUniforms({ count, key0: key[0], key1: key[1], key_words: keyWordCount, a, b }),
      }),
      bindings: [...inputs, result],
      writes: [inputs.length],
      workgroups: linearGrid(Math.ceil(count / 4)),
    });
  },
  gradient: () => [undefined],
};

function draw(name: string, device: Device, source: RandomSource, attributes: Omit<RandomAttributes, 'key'>): Tensor {
  if (source instanceof Generator) return record(randomOperation, [source.next()], { ...attributes, key: [0, 0] })[0];
  if (source instanceof Tensor) {
    checkKey(name, source);
    return record(randomOperation, [source], { ...attributes, key: [0, 0] }, device)[0];
  }
  refuseFrozen(name, source);
  return record(randomOperation, [], { ...attributes, key: keyWords(source) }, device)[0];
}

function checkKey(name: string, { dtype, shape, size }: Tensor): void {
  if (dtype === 'u32' && size <= 2) return;
  throw new TensorError(
    `${name}: the key is a tensor of shape ${formatShape(shape)}, ${dtype}; give one or two words, as ` +
      "device.tensor([seed, step], [2], 'u32'). (A number passed to a compiled function arrives as f32, which does not tell " +
      'large keys apart.)',
  );
}

/**
 * @internal Refuses a draw under a constant key within a compiled function, which would be the same at each of its
 * calls.
 */
export function refuseFrozen(name: string, source: RandomSource): void {
  if (!activeTrace()) return;
  const text = source instanceof Generator || source instanceof Tensor ? 'this draw' : `a draw with the key ${source}`;
  throw new TensorError(
    `${name}: inside a compiled function ${text} would be the same at every call. For new numbers at each call use randomUniform, ` +
      'randomNormal or randomBernoulli with a generator (device.generator(seed), made outside) or with a u32 tensor as key; for ' +
      'the same numbers at each call draw them outside and use the tensor inside.',
  );
}

const randomUniformTakes = signature('randomUniform', {
  device: kinds.device,
  shape: kinds.shape,
  source: randomSource,
  low: kinds.optional(kinds.finite),
  high: kinds.optional(kinds.finite),
});

/** Uniform draws in [low, high). */
export function randomUniform(device: Device, shape: Shape, source: RandomSource, low = 0, high = 1): Tensor {
  randomUniformTakes(arguments);
  return draw('randomUniform', device, source, { shape, distribution: 'uniform', parameters: [low, high] });
}

const randomNormalTakes = signature('randomNormal', {
  device: kinds.device,
  shape: kinds.shape,
  source: randomSource,
  mean: kinds.optional(kinds.finite),
  deviation: kinds.optional(kinds.atLeastZero),
});

/** Normal draws. */
export function randomNormal(device: Device, shape: Shape, source: RandomSource, mean = 0, deviation = 1): Tensor {
  randomNormalTakes(arguments);
  return draw('randomNormal', device, source, { shape, distribution: 'normal', parameters: [mean, deviation] });
}

const randomBernoulliTakes = signature('randomBernoulli', {
  device: kinds.device,
  shape: kinds.shape,
  source: randomSource,
  probability: kinds.share,
});

/**
 * 1 with the given probability, to 2⁻²⁴, and else 0. Counterpart: `torch.bernoulli`.
 * @throws ShapeError for a probability outside [0, 1]
 */
export function randomBernoulli(device: Device, shape: Shape, source: RandomSource, probability: number): Tensor {
  randomBernoulliTakes(arguments);
  return draw('randomBernoulli', device, source, { shape, distribution: 'bernoulli', parameters: [probability, 0] });
}
