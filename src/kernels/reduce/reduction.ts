import { cast, type Lowering, type Operation, record, reshape, type Tensor, type Value } from '../../engine/index.js';
import * as kinds from '../../engine/kinds.js';
import { ANY, FLOATS } from '../../engine/operands.js';
import { type DType, isFloat, normalizeAxes, type Shape, sizeOf, storageType } from '../../engine/shape.js';
import type { OptionKinds } from '../../engine/signature.js';
import { kernel, uniforms } from '../../engine/wgsl/index.js';
import { linearGrid } from '../grid.js';
import { transpose } from '../movement/movement.js';
import { withNan } from '../nan.js';
import source from './reduction.wgsl';

export interface ReduceOptions {
  /** Axes to reduce; negative ones count from the end. Absent: all. */
  readonly axes?: readonly number[];
  /** Keep reduced axes as extents of 1. */
  readonly keepDims?: boolean;
}

export const reduceOptions: OptionKinds<ReduceOptions> = {
  axes: kinds.optional(kinds.axes),
  keepDims: kinds.optional(kinds.flag),
};

type Kind = 'sum' | 'mean' | 'sumOfSquares' | 'max' | 'min';

/** The input viewed as [outer, reduced, inner], and what each group of `reduced` values is multiplied by in the end. */
export interface ReduceAttributes {
  readonly outer: number;
  readonly reduced: number;
  readonly inner: number;
  readonly shape: Shape;
  readonly scale: number;
}

const combine: Record<Kind, { FIRST: string; NEXT: string }> = {
  sum: { FIRST: 'v', NEXT: 'total + v' },
  mean: { FIRST: 'v', NEXT: 'total + v' },
  sumOfSquares: { FIRST: 'v * v', NEXT: 'total + v * v' },
  max: { FIRST: 'v', NEXT: 'maximum(total, v)' },
  min: { FIRST: 'v', NEXT: 'minimum(total, v)' },
};

/** Floats become f32; whole numbers stay what they are, and so does bool, but for its sum, which counts. */
function resultType(kind: Kind, dtype: DType): DType {
  if (isFloat(dtype)) return 'f32';
  return dtype === 'bool' && kind === 'sum' ? 'i32' : dtype;
}

/** A pass reads this many values per invocation when it can: enough to amortise, few enough to fill a device. */
const RUN = 64;
/** Invocations beyond which more parts bring nothing. */
const ENOUGH_INVOCATIONS = 65536;

const reduceUniforms = uniforms({ outer: 'u32', reduced: 'u32', inner: 'u32', parts: 'u32', scale: 'f32' });

function lowerReduction(
  kind: Kind,
  lowering: Lowering,
  x: Value,
  result: Value,
  { outer, inner, scale, ...attributes }: ReduceAttributes,
): void {
  let { reduced } = attributes;
  let input = x;
  let first = true;
  const total = storageType(result.dtype);
  const inFloats = total === 'f32';
  for (;;) {
    const wanted = Math.ceil(reduced / RUN);
    const useful = Math.max(1, Math.ceil(ENOUGH_INVOCATIONS / (outer * inner)));
    const parts = Math.min(wanted, useful);
    const last = parts === 1;
    const output = last ? result : lowering.scratch([outer, parts, inner], result.dtype);
    const step = combine[first || kind !== 'sumOfSquares' ? kind : 'sum'];
    lowering.dispatch({
      label: first ? kind : `${kind}.combine`,
      ...kernel(withNan(source, 'f32'), {
        constants: {
          FIRST: step.FIRST,
          // Functions of nan.wgsl are those of floats.
          NEXT: inFloats ? step.NEXT : step.NEXT.replace('imum(', '('),
          X: storageType(input.dtype),
          TOTAL: total,
          SCALED: inFloats,
        },
        uniforms: reduceUniforms({ outer, reduced, inner, parts, scale: last ? scale : 1 }),
      }),
      bindings: [input, output],
      writes: [1],
      workgroups: linearGrid(outer * parts * inner),
      flops: outer * reduced * inner,
    });
    if (last) return;
    input = output;
    reduced = parts;
    first = false;
  }
}

export interface Reduction extends Operation<ReduceAttributes> {
  readonly name: Kind;
}

/** A reduction of some kind, given its gradient. */
export function reduction(kind: Kind, gradient: Reduction['gradient']): Reduction {
  return {
    name: kind,
    operands: { x: kind === 'mean' || kind === 'sumOfSquares' ? FLOATS : ANY },
    shape: ([x], { shape }) => [{ shape, dtype: resultType(kind, x.dtype) }],
    lower: (lowering, [x], [result], attributes) => lowerReduction(kind, lowering, x, result, attributes),
    gradient,
  };
}

/** Records a reduction of `x` over axes. */
export function reduce(operation: Reduction, x: Tensor, { axes, keepDims = false }: ReduceOptions): Tensor {
  const reducedAxes = normalizeAxes(operation.name, axes, x.shape.length);
  const shape = x.shape.flatMap((extent, axis) => (!reducedAxes.includes(axis) ? [extent] : keepDims ? [1] : []));
  // Axes that are neighbours reduce as one; scattered ones are brought together first.
  const isBlock = reducedAxes.every((axis, i) => i === 0 || axis === reducedAxes[i - 1] + 1);
  const keptAxes = x.shape.map((_, axis) => axis).filter((axis) => !reducedAxes.includes(axis));
  const input = isBlock ? x : transpose(x, { axes: [...keptAxes, ...reducedAxes] });
  const begin = isBlock ? (reducedAxes[0] ?? x.shape.length) : keptAxes.length;
  const end = begin + reducedAxes.length;
  const outer = sizeOf(input.shape.slice(0, begin));
  const reduced = sizeOf(input.shape.slice(begin, end));
  const inner = sizeOf(input.shape.slice(end));
  const kind = operation.name;
  if (reduced === 1 && kind !== 'sumOfSquares' && (isFloat(x.dtype) || kind !== 'mean'))
    return cast(reshape(x, shape), resultType(kind, x.dtype));
  const scale = kind === 'mean' ? 1 / reduced : 1;
  return record(operation, [input], { outer, reduced, inner, shape, scale })[0];
}
