// Numbers from JavaScript on their way into a tensor.
import { TensorError } from './errors.js';
import { toFloat16 } from './float16.js';
import { describe, isList } from './kinds.js';
import { type DType, formatShape, type Shape, sizeOf } from './shape.js';

/** Numbers row-major, or nested as the axes are; one number is a scalar. For bool also true and false. */
export type Values = number | boolean | ArrayLike<number> | ArrayLike<boolean> | readonly Values[];

/**
 * @internal The values row-major, and the shape in which they are nested.
 * @throws TensorError for a ragged array, and for anything but numbers, with its place.
 */
export function flatten(
  operation: string,
  values: Values,
  dtype: DType = 'f32',
): { readonly flat: ArrayLike<number>; readonly shape: Shape } {
  const shape: number[] = [];
  for (let level: unknown = values; isList(level); level = level[0]) shape.push(level.length);
  const only = dtype === 'bool' && typeof values === 'boolean' ? Number(values) : values;
  if (typeof only === 'number') return { flat: [only], shape };
  if (!isList(values)) throw new TensorError(`${operation}: values are ${describe(values)}; give an array of numbers.`);
  if (shape.length === 1) {
    checkNumbers(operation, values, '', dtype);
    return { flat: values as ArrayLike<number>, shape };
  }
  const flat: number[] = [];
  const visit = (row: unknown, axis: number, place: string): void => {
    if (!isList(row) || row.length !== shape[axis]) {
      const found = isList(row) ? `of length ${row.length}` : describe(row);
      throw new TensorError(
        `${operation}: values${place} is ${found}, and values${'[0]'.repeat(axis)} is of length ${shape[axis]}; make all rows ` +
          'of an axis equally long.',
      );
    }
    if (axis < shape.length - 1) {
      for (let i = 0; i < row.length; i++) visit(row[i], axis + 1, `${place}[${i}]`);
      return;
    }
    checkNumbers(operation, row, place, dtype);
    for (let i = 0; i < row.length; i++) flat.push(Number(row[i]));
  };
  visit(values, 0, '');
  return { flat, shape };
}

function checkNumbers(operation: string, row: ArrayLike<unknown>, place: string, dtype: DType): void {
  // Typed arrays hold numbers throughout, or BigInts.
  const count = ArrayBuffer.isView(row) ? Math.min(1, row.length) : row.length;
  for (let i = 0; i < count; i++) {
    const value = row[i];
    if (typeof value === 'number' || (typeof value === 'boolean' && dtype === 'bool')) continue;
    const remedy =
      typeof value === 'bigint'
        ? 'convert BigInts with Number'
        : typeof value === 'boolean'
          ? "make the tensor of dtype 'bool'"
          : isList(value)
            ? 'nest all values equally deep'
            : 'give numbers, NaN where there is none';
    throw new TensorError(`${operation}: values${place}[${i}] is ${describe(value)}; ${remedy}.`);
  }
}

/** @internal Throws unless there are as many values as a shape holds. */
export function checkCount(operation: string, { length }: ArrayLike<number>, shape: Shape): void {
  if (length === sizeOf(shape)) return;
  throw new TensorError(
    `${operation}: ${length} values for shape ${formatShape(shape)}, which holds ${sizeOf(shape)}; give as many.`,
  );
}

/**
 * @internal Values as a tensor of a type keeps them, in whole words.
 * @throws TensorError for a value that the type does not hold.
 */
export function encode(operation: string, dtype: DType, values: ArrayLike<number>) {
  if (dtype === 'f32') return toFloat32(values);
  if (dtype === 'f16') return toHalves(values);
  return toWords(operation, dtype, values);
}

function toFloat32(values: ArrayLike<number>): Float32Array<ArrayBuffer> {
  if (values instanceof Float32Array && values.buffer instanceof ArrayBuffer)
    return values as Float32Array<ArrayBuffer>;
  return Float32Array.from(values);
}

/** Rounded to the nearest, and an even number of them. */
function toHalves(values: ArrayLike<number>): Uint16Array<ArrayBuffer> {
  const halves = new Uint16Array(2 * Math.ceil(values.length / 2));
  halves.set(toFloat16(values));
  return halves;
}

const WHOLE = {
  i32: { least: -(2 ** 31), most: 2 ** 31 - 1 },
  u32: { least: 0, most: 2 ** 32 - 1 },
  bool: { least: 0, most: 1 },
} as const;

/** Whole numbers: 32 bits each, negative ones as two's complement. */
function toWords(operation: string, dtype: keyof typeof WHOLE, values: ArrayLike<number>): Uint32Array<ArrayBuffer> {
  if (dtype === 'u32' && values instanceof Uint32Array && values.buffer instanceof ArrayBuffer)
    return values as Uint32Array<ArrayBuffer>;
  const { least, most } = WHOLE[dtype];
  for (let i = 0; i < values.length; i++) {
    const value = Number(values[i]);
    if (Number.isInteger(value) && value >= least && value <= most) continue;
    throw new TensorError(
      `${operation}: value ${i} is ${value}; ${dtype} holds whole numbers from ${least} to ${most}, so round it or make the tensor f32.`,
    );
  }
  return Uint32Array.from(values, Number);
}
