import { type Operation, SondeError, type TensorSpec } from '../../engine/index.js';
import type { Operands } from '../../engine/operands.js';
import { promote } from '../../engine/promotion.js';
import { type DType, isFloat } from '../../engine/shape.js';

/** Numbers that a pointwise kernel reads from its uniforms as `p0` and `p1`. */
export interface PointwiseAttributes {
  readonly p0?: number;
  readonly p1?: number;
}

export interface PointwiseDefinition {
  /** Name of the kernel. */
  readonly name: string;
  /** Name of the operation, where that has several kernels. */
  readonly operation?: string;
  readonly arity: 1 | 2 | 3;
  /**
   * Statements that return the result from `x`, `y`, `z`, `p0`, `p1` of type `T` (f32 or vec4f), and may call the
   * functions of nan.wgsl and of `functions`.
   */
  readonly body: string;
  /**
   * WGSL functions on `T` that the body calls. A function, so that only kernels in use have their texts taken apart.
   */
  readonly functions?: (body: string) => readonly string[];
  /**
   * The same for whole numbers, where T is i32 or u32 (bool counts as 0 and 1 of u32, and results other than 0 as true)
   * or a vector of such. Absent: whole numbers become f32 first, and the result is f32, as PyTorch has it for `exp`.
   */
  readonly whole?: string;
  /** Whether the bodies return truth values. */
  readonly predicate?: boolean;
  /** Types of the operands, where not all have a meaning. */
  readonly operands?: Operands;
  /** Whether the first operand is a condition: bool, and without a say in the type of the result. */
  readonly conditional?: boolean;
  readonly gradient?: Operation<PointwiseAttributes>['gradient'];
}

/** Definitions of all pointwise operations. */
export const definitions = new Map<Operation, PointwiseDefinition>();

export function definitionOf(operation: Operation): PointwiseDefinition {
  const definition = definitions.get(operation);
  if (!definition)
    throw new SondeError(`${operation.name} is not a pointwise operation and cannot join a chain of them.`);
  return definition;
}

/** A type that kernels compute in. */
export type Arithmetic = 'f32' | 'i32' | 'u32';

/** The types in which an operation computes on such operands and numbers, and keeps its result. */
export function typesOf(
  { name, operation = name, whole, predicate, conditional }: PointwiseDefinition,
  inputs: readonly TensorSpec[],
  { p0, p1 }: PointwiseAttributes,
): { readonly arithmetic: Arithmetic; readonly result: DType } {
  const numbers = [p0, p1].filter((value) => value !== undefined);
  const common = promote(operation, conditional ? inputs.slice(1) : inputs, numbers);
  const inFloats = isFloat(common) || whole === undefined;
  const kept = inFloats && !isFloat(common) ? 'f32' : common;
  return { arithmetic: inFloats ? 'f32' : common === 'i32' ? 'i32' : 'u32', result: predicate ? 'bool' : kept };
}

/** The functions that definitions call where they compute in floats, each once. */
export function functionsOf(definitions: readonly PointwiseDefinition[]): string {
  return [...new Set(definitions.flatMap(({ functions, body }) => functions?.(body) ?? []))].join('\n');
}

/** The statements of a definition in the language of one arithmetic. */
export function bodyOf({ body, whole }: PointwiseDefinition, arithmetic: Arithmetic): string {
  return arithmetic === 'f32' ? body : (whole ?? body);
}
