import type { Device } from './device.js';
import { record } from './graph.js';
import { linearGrid } from './grid.js';
import type { Operation } from './operation.js';
import philox from './philox.wgsl';
import randomKernel from './random.wgsl';
import { checkShape, type Shape, sizeOf } from './shape.js';
import { template } from './template.js';
import type { Tensor } from './tensor.js';

/** Names a random stream: the same key gives the same values. Any whole numbers; up to 2⁵³ each is told apart. */
export type RandomKey = number | readonly [number, number];

interface RandomAttributes {
  readonly shape: Shape;
  readonly key: readonly [number, number];
  readonly uniform: boolean;
  /** Lower and upper bound of a uniform draw; mean and standard deviation of a normal one. */
  readonly parameters: readonly [number, number];
}

const randomOperation: Operation<RandomAttributes> = {
  name: 'random',
  shape(_inputs, { shape }) {
    checkShape('random', shape);
    return [{ shape, dtype: 'f32' }];
  },
  lower(lowering, _inputs, [result], { shape, key, uniform, parameters }) {
    const count = sizeOf(shape);
    lowering.dispatch({
      label: 'random',
      source: template(philox + randomKernel, { UNIFORM: uniform }),
      bindings: [result],
      writes: [0],
      uniforms: { u32: [count, ...key], f32: parameters },
      workgroups: linearGrid(Math.ceil(count / 4)),
    });
  },
  gradient: () => [],
};

/** Two 32-bit words from a key; a single number gives its low and high word. */
export function keyWords(key: RandomKey): [number, number] {
  if (typeof key === 'number') return [key >>> 0, Math.floor(key / 2 ** 32) >>> 0];
  const [a, b] = key;
  return [(a ^ (Math.floor(a / 2 ** 32) * 0x9e3779b1)) >>> 0, (b ^ (Math.floor(b / 2 ** 32) * 0x85ebca6b)) >>> 0];
}

/** Uniform draws in [low, high). */
export function randomUniform(device: Device, shape: Shape, key: RandomKey, low = 0, high = 1): Tensor {
  return record(randomOperation, [], { shape, key: keyWords(key), uniform: true, parameters: [low, high] }, device)[0];
}

/** Normal draws. */
export function randomNormal(device: Device, shape: Shape, key: RandomKey, mean = 0, deviation = 1): Tensor {
  const parameters = [mean, deviation] as const;
  return record(randomOperation, [], { shape, key: keyWords(key), uniform: false, parameters }, device)[0];
}
