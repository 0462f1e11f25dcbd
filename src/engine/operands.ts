import { ShapeError, TensorError } from './errors.js';
import { describe } from './kinds.js';
import type { Operation } from './operation.js';
import { type DType, formatShape } from './shape.js';
import { Tensor } from './tensor.js';

/**
 * The inputs of an operation by name, in order, with the types that each may have. The last stands for all that follow
 * it.
 */
export type Operands = Readonly<Record<string, readonly DType[]>>;

export const F32: readonly DType[] = ['f32'];
export const U32: readonly DType[] = ['u32'];
/** Values are kept in either, and computed with in f32. */
export const FLOATS: readonly DType[] = ['f32', 'f16'];
/** All types, for operations that only move values. */
export const ANY: readonly DType[] = ['f32', 'f16', 'i32', 'u32', 'bool'];
/** Whole numbers that point at places. */
export const INDICES: readonly DType[] = ['i32', 'u32'];
export const BOOL: readonly DType[] = ['bool'];

/** @internal Throws unless every input is a tensor of a type that the operation declares for it. */
export function checkOperands(
  { name: operation, operands = { input: F32 } }: Operation,
  inputs: readonly unknown[],
  where: (operation: string) => string,
): void {
  const names = Object.keys(operands);
  for (let i = 0; i < inputs.length; i++) {
    const input = inputs[i];
    const name = names[Math.min(i, names.length - 1)];
    if (!(input instanceof Tensor))
      throw new TensorError(`${where(operation)}: got ${describe(input)} for ${name}; give a tensor.`);
    const types = operands[name];
    if (types.includes(input.dtype)) continue;
    throw new ShapeError(
      `${where(operation)}: got ${input.dtype} for ${name} (${formatShape(input.shape)}), expected ${types.join(' or ')}; make it that with cast(x, '${types[0]}').`,
    );
  }
}
