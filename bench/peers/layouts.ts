import type { Values } from './contest.js';

/** The same array with its axes in another order, as `numpy.transpose(array, axes)` and then a copy. */
export function permuted({ shape, values }: Values, axes: readonly number[]): Values {
  const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((product, extent) => product * extent, 1));
  const target = axes.map((axis) => shape[axis]);
  const result = new Float32Array(values.length);
  const index = target.map(() => 0);
  for (let position = 0; position < result.length; position++) {
    result[position] = values[index.reduce((offset, at, axis) => offset + at * strides[axes[axis]], 0)];
    for (let axis = target.length - 1; axis >= 0; axis--) {
      index[axis] += 1;
      if (index[axis] < target[axis]) break;
      index[axis] = 0;
    }
  }
  return { shape: target, values: result };
}

/** Channels last to channels first, and back. */
export const TO_NCHW = [0, 3, 1, 2];
export const TO_NHWC = [0, 2, 3, 1];
/** sonde's convolution weight [outC, kH, kW, inC] to TensorFlow's [kH, kW, inC, outC], and back. */
export const TO_HWIO = [1, 2, 3, 0];
export const FROM_HWIO = [3, 0, 1, 2];
