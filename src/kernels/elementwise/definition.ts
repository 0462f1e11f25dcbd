import { type Operation, SondeError } from '../../engine/index.js';

/** Numbers that a pointwise kernel reads from its uniforms as `p0` and `p1`. */
export interface PointwiseAttributes {
  readonly p0?: number;
  readonly p1?: number;
}

export interface PointwiseDefinition {
  /** Of the kernel. */
  readonly name: string;
  /** Of the operation, where that has several kernels. */
  readonly operation?: string;
  readonly arity: 1 | 2 | 3;
  /**
   * Statements that return the result from `x`, `y`, `z`, `p0`, `p1` of type `T` (f32 or vec4f), and may call the
   * functions of nan.wgsl.
   */
  readonly body: string;
  readonly gradient?: Operation<PointwiseAttributes>['gradient'];
}

/** Definitions of all pointwise operations. */
export const definitions = new Map<Operation, PointwiseDefinition>();

export function definitionOf(operation: Operation): PointwiseDefinition {
  const definition = definitions.get(operation);
  if (!definition) throw new SondeError(`${operation.name} is no pointwise operation and cannot join a chain of them.`);
  return definition;
}
