import { ShapeError } from './errors.js';

/** Sizes of a tensor, outermost first. Images are [N, H, W, C]. A scalar is []. */
export type Shape = readonly number[];

/**
 * Element types. `f16` is how values are kept, arithmetic is `f32`; `u32` holds raw bits and keys; `bool` is what
 * comparisons give, kept as a word of 0 or 1. How types combine: docs/engine/types.md.
 */
export type DType = 'f32' | 'f16' | 'i32' | 'u32' | 'bool';

export interface TensorSpec {
  readonly shape: Shape;
  readonly dtype: DType;
}

/** Bytes of a tensor, in whole words. */
export function bytesOf({ shape, dtype }: TensorSpec): number {
  const size = sizeOf(shape);
  return dtype === 'f16' ? 4 * Math.ceil(size / 2) : 4 * size;
}

/** Whether values of a type are floating-point numbers: those have gradients, and can be NaN. */
export function isFloat(dtype: DType): dtype is 'f32' | 'f16' {
  return dtype === 'f32' || dtype === 'f16';
}

/** The type as which WGSL reads and writes values of a type in memory. */
export function storageType(dtype: DType): 'f32' | 'f16' | 'i32' | 'u32' {
  return dtype === 'bool' ? 'u32' : dtype;
}

/** Number of elements. */
export function sizeOf(shape: Shape): number {
  let size = 1;
  for (const extent of shape) size *= extent;
  return size;
}

export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((extent, axis) => extent === b[axis]);
}

/** "2×8×8×3", or "scalar" for []. */
export function formatShape(shape: Shape): string {
  return shape.length === 0 ? 'scalar' : shape.join('×');
}

/** Row-major strides in elements. */
export function stridesOf(shape: Shape): number[] {
  const strides = new Array<number>(shape.length);
  let stride = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    strides[axis] = stride;
    stride *= shape[axis];
  }
  return strides;
}

/** The common shape of `a` and `b` under NumPy's broadcasting rule. */
export function broadcastShapes(operation: string, a: Shape, b: Shape): number[] {
  const rank = Math.max(a.length, b.length);
  const shape = new Array<number>(rank);
  for (let axis = 0; axis < rank; axis++) {
    const extentA = a[axis - rank + a.length] ?? 1;
    const extentB = b[axis - rank + b.length] ?? 1;
    if (extentA !== extentB && extentA !== 1 && extentB !== 1) {
      throw new ShapeError(
        `${operation}: shapes ${formatShape(a)} and ${formatShape(b)} do not broadcast: axis ${axis - rank} is ` +
          `${extentA} against ${extentB}; reshape one of them so that each axis agrees or is 1.`,
      );
    }
    shape[axis] = extentA === 1 ? extentB : extentA;
  }
  return shape;
}

/** Strides with which a tensor of `shape` is read as `target`: 0 along broadcast axes. */
export function broadcastStrides(shape: Shape, target: Shape): number[] {
  const own = stridesOf(shape);
  const lead = target.length - shape.length;
  return target.map((_, axis) => (axis < lead || shape[axis - lead] === 1 ? 0 : own[axis - lead]));
}

/** Turns axes (negative ones count from the end; absent means all) into sorted, distinct, valid ones. */
export function normalizeAxes(operation: string, axes: readonly number[] | undefined, rank: number): number[] {
  if (axes === undefined) return Array.from({ length: rank }, (_, axis) => axis);
  const normalized = axes.map((axis) => {
    if (!Number.isInteger(axis) || axis < -rank || axis >= rank) {
      throw new ShapeError(
        `${operation}: axis ${axis} is not an axis of a tensor of rank ${rank}; use ${-rank} to ${rank - 1}.`,
      );
    }
    return axis < 0 ? axis + rank : axis;
  });
  const distinct = [...new Set(normalized)].sort((a, b) => a - b);
  if (distinct.length !== normalized.length) {
    throw new ShapeError(`${operation}: axes [${axes.join(', ')}] name an axis twice; name each once.`);
  }
  return distinct;
}

/** Throws unless every extent is a positive integer. */
export function checkShape(operation: string, shape: Shape): void {
  for (const extent of shape) {
    if (!Number.isInteger(extent) || extent < 1) {
      throw new ShapeError(
        `${operation}: ${formatShape(shape)} is not a shape: every extent must be a whole number of at least 1.`,
      );
    }
  }
}
