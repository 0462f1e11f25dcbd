// The few operations that the engine itself needs: views, arenas, and what gradients are made of.
import castSource from './cast.wgsl';
import copySource from './copy.wgsl';
import type { Device } from './device.js';
import { LimitError, ShapeError } from './errors.js';
import fillSource from './fill.wgsl';
import { record } from './graph.js';
import { linearGrid } from './grid.js';
import * as kinds from './kinds.js';
import { ANY, F32 } from './operands.js';
import type { Lowering, Operation, Value } from './operation.js';
import { checkShape, type DType, formatShape, isFloat, type Shape, sameShape, sizeOf, storageType } from './shape.js';
import { signature } from './signature.js';
import type { Tensor } from './tensor.js';
import { encode } from './values.js';
import { kernel, uniforms } from './wgsl/index.js';
import zeroGapsSource from './zero-gaps.wgsl';

const copyUniforms = uniforms({ count: 'u32', offset: 'u32' });
const gapsUniforms = uniforms({ gaps: 'u32' });
export const vectorUniforms = uniforms({ vectors: 'u32' });
const fillUniforms = {
  f32: uniforms({ count: 'u32', value: 'f32' }),
  i32: uniforms({ count: 'u32', value: 'i32' }),
  u32: uniforms({ count: 'u32', value: 'u32' }),
};

export interface ViewAttributes {
  readonly shape: Shape;
  /** First element of the view in the input, row-major. */
  readonly offset: number;
}

/** The same memory with another shape, from an element offset on. The planner makes it free where alignment allows. */
export const viewOperation: Operation<ViewAttributes> = {
  name: 'reshape',
  operands: { x: ANY },
  shape([x], { shape, offset }) {
    checkShape('reshape', shape);
    const size = sizeOf(shape);
    const available = sizeOf(x.shape);
    if (offset + size > available || (offset === 0 && size > available)) {
      throw new ShapeError(
        `reshape: ${formatShape(shape)} holds ${size} values from ${offset} on, but ${formatShape(x.shape)} holds ` +
          `${available}; choose a shape of ${available - offset} values.`,
      );
    }
    return [{ shape, dtype: x.dtype }];
  },
  lower() {
    throw new Error('views are resolved by the planner');
  },
  gradient({ inputs: [x], outputGradients: [dy] }) {
    if (!dy) return [undefined];
    if (dy.size === x.size) return [reshape(dy, x.shape)];
    throw new ShapeError('reshape: a view of part of a tensor has no gradient; use slice.');
  },
};

const reshapeTakes = signature('reshape', {
  x: kinds.tensor,
  shape: kinds.list('whole numbers, of which one may be -1', kinds.integer),
});

/**
 * The same values in another shape, row-major. One extent may be -1 and is inferred.
 * @throws ShapeError if the sizes differ.
 */
export function reshape(x: Tensor, shape: Shape): Tensor {
  reshapeTakes(arguments);
  const unknown = shape.filter((extent) => extent === -1).length;
  let target = shape;
  if (unknown === 1) {
    const known = shape.reduce((product, extent) => (extent === -1 ? product : product * extent), 1);
    target = shape.map((extent) => (extent === -1 ? x.size / known : extent));
  }
  if (unknown > 1 || target.some((extent) => !Number.isInteger(extent) || extent < 1) || sizeOf(target) !== x.size) {
    throw new ShapeError(
      `reshape: ${formatShape(x.shape)} holds ${x.size} values and cannot become [${shape.join(', ')}]; choose a ` +
        `shape of ${x.size} values, with at most one extent of -1.`,
    );
  }
  if (sameShape(target, x.shape)) return x;
  return record(viewOperation, [x], { shape: target, offset: 0 })[0];
}

/** @internal A stretch of a flat tensor. */
export function view(flat: Tensor, offset: number, shape: Shape): Tensor {
  return record(viewOperation, [flat], { shape, offset })[0];
}

/** Records a copy of a value's words to an offset of another, both in the same program. */
export function lowerCopy(lowering: Lowering, source: Value, destination: Value, offset: number): void {
  const count = sizeOf(source.shape);
  lowering.dispatch({
    label: 'copy',
    ...kernel(copySource, { uniforms: copyUniforms({ count, offset }) }),
    bindings: [source, destination],
    writes: [1],
    workgroups: linearGrid(count),
  });
}

export interface PackAttributes {
  /** Element offset of each input in the result. */
  readonly offsets: readonly number[];
  readonly length: number;
}

/**
 * Several tensors side by side in one flat tensor, with zeros in the gaps. The planner lets the producers write
 * straight into the result, so that this costs one small dispatch for the gaps.
 */
export const packOperation: Operation<PackAttributes> = {
  name: 'pack',
  operands: { input: F32 },
  shape: (_inputs, { length }) => [{ shape: [length], dtype: 'f32' }],
  lower(lowering, inputs, [arena], { offsets, length }) {
    const gaps: number[] = [];
    for (const [i, input] of inputs.entries()) {
      const end = offsets[i] + sizeOf(input.shape);
      const next = offsets[i + 1] ?? length;
      if (next > end) gaps.push(end, next - end);
    }
    if (gaps.length === 0) return;
    const count = gaps.length / 2;
    const zeros = gaps.reduce((sum, extent, i) => (i % 2 === 0 ? sum : sum + extent), 0);
    lowering.dispatch({
      label: 'pack.gaps',
      ...kernel(zeroGapsSource, { uniforms: gapsUniforms({ gaps: count }) }),
      bindings: [lowering.constant(Uint32Array.from(gaps)), arena],
      writes: [1],
      workgroups: count <= 65535 ? [count, 1, 1] : [65535, Math.ceil(count / 65535), 1],
      bytes: 4 * (gaps.length + zeros),
    });
  },
};

/** The same values in another type: see `cast`. */
export const castOperation: Operation<{ readonly dtype: DType }> = {
  name: 'cast',
  operands: { x: ANY },
  shape: ([x], { dtype }) => [{ shape: x.shape, dtype }],
  lower(lowering, [x], [y]) {
    const vectors = Math.ceil(sizeOf(x.shape) / 4);
    lowering.dispatch({
      label: 'cast',
      ...kernel(castSource, {
        constants: { X: storageType(x.dtype), Y: storageType(y.dtype), VALUE: conversion(x.dtype, y.dtype) },
        uniforms: vectorUniforms({ vectors }),
      }),
      bindings: [x, y],
      writes: [1],
      workgroups: linearGrid(vectors),
    });
  },
  gradient: ({ inputs: [x], outputGradients: [dy] }) => [dy && cast(dy, x.dtype)],
};

/** WGSL that makes four values of one type from those of another. */
function conversion(from: DType, to: DType): string {
  const own = storageType(to);
  const bits = 'bitcast<vec4u>(vec4f(x[i])) & vec4u(0x7fffffffu)';
  if (to === 'bool') return isFloat(from) ? `vec4u((${bits}) != vec4u(0u))` : `vec4u(x[i] != vec4<${from}>(0))`;
  // NaN by its bits: what WGSL converts it to is left to drivers.
  if (isFloat(from) && !isFloat(to)) {
    return `select(vec4<${own}>(vec4f(x[i])), vec4<${own}>(0), (${bits}) > vec4u(0x7f800000u))`;
  }
  return `vec4<${own}>(x[i])`;
}

const castTakes = signature('cast', { x: kinds.tensor, dtype: kinds.dtype });

/**
 * The same values in another type, PyTorch's `to(dtype)`. Floats are rounded to the nearest: from f32 to f16 infinite
 * beyond 65504, from whole numbers to f32 exact up to 2²⁴. To whole numbers they are cut off towards zero, limited to
 * those floats that the type holds, and 0 for NaN; i32 and u32 become each other by their bits; bool is whether a value
 * is not 0. Only floats have gradients. A tensor that has the type already is handed on.
 * @throws LimitError for f16 where the adapter has none
 */
export function cast(x: Tensor, dtype: DType): Tensor {
  castTakes(arguments);
  if (x.dtype === dtype) return x;
  if (dtype === 'f16' && !x.device.traits.f16) {
    throw new LimitError('cast: this adapter has no f16 (shader-f16); stay with f32.');
  }
  return record(castOperation, [x], { dtype })[0];
}

export interface FillAttributes {
  readonly shape: Shape;
  readonly value: number;
  readonly dtype: DType;
}

const fillOperation: Operation<FillAttributes> = {
  name: 'fill',
  shape: (_inputs, { shape, value, dtype }) => {
    checkShape('fill', shape);
    if (!isFloat(dtype)) encode('fill', dtype, [value]);
    return [{ shape, dtype }];
  },
  lower(lowering, _inputs, [result], { shape, value, dtype }) {
    const type = storageType(dtype);
    const count = sizeOf(shape);
    lowering.dispatch({
      label: 'fill',
      ...kernel(fillSource, {
        constants: { TYPE: type },
        uniforms: fillUniforms[type === 'f16' ? 'f32' : type]({ count, value }),
      }),
      bindings: [result],
      writes: [0],
      workgroups: linearGrid(count),
    });
  },
  gradient: () => [],
};

/** A tensor of one value everywhere, as part of the graph. */
export function fill(device: Device, shape: Shape, value: number, dtype: DType = 'f32'): Tensor {
  return record(fillOperation, [], { shape, value, dtype }, device)[0];
}
