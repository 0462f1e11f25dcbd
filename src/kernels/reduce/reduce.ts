import { cast, type Lowering, type Operation, record, reshape, type Tensor, type Value } from '../../engine/index.js';
import * as kinds from '../../engine/kinds.js';
import { FLOATS } from '../../engine/operands.js';
import { normalizeAxes, type Shape, sameShape, sizeOf } from '../../engine/shape.js';
import { type OptionKinds, signature } from '../../engine/signature.js';
import { kernel, uniforms } from '../../engine/wgsl/index.js';
import { div, equal, mul } from '../elementwise/elementwise.js';
import { linearGrid } from '../grid.js';
import { broadcastTo, transpose } from '../movement/movement.js';
import { withNan } from '../nan.js';
import source from './reduce.wgsl';

export interface ReduceOptions {
  /** Axes to reduce; negative ones count from the end. Absent: all. */
  readonly axes?: readonly number[];
  /** Keep reduced axes as extents of 1. */
  readonly keepDims?: boolean;
}

type Kind = 'sum' | 'sumOfSquares' | 'max';

interface ReduceAttributes {
  readonly kind: Kind;
  readonly outer: number;
  readonly reduced: number;
  readonly inner: number;
  readonly shape: Shape;
  readonly scale: number;
}

const combine: Record<Kind, { FIRST: string; NEXT: string }> = {
  sum: { FIRST: 'v', NEXT: 'total + v' },
  sumOfSquares: { FIRST: 'v * v', NEXT: 'total + v * v' },
  max: { FIRST: 'v', NEXT: 'maximum(total, v)' },
};

/** A pass reads this many values per invocation when it can: enough to amortise, few enough to fill a device. */
const RUN = 64;
/** Invocations beyond which more parts bring nothing. */
const ENOUGH_INVOCATIONS = 65536;

const reduceUniforms = uniforms({ outer: 'u32', reduced: 'u32', inner: 'u32', parts: 'u32', scale: 'f32' });

function lowerReduce(lowering: Lowering, x: Value, result: Value, attributes: ReduceAttributes): void {
  const { outer, inner, kind, scale } = attributes;
  let { reduced } = attributes;
  let input = x;
  let first = true;
  for (;;) {
    const wanted = Math.ceil(reduced / RUN);
    const useful = Math.max(1, Math.ceil(ENOUGH_INVOCATIONS / (outer * inner)));
    const parts = Math.min(wanted, useful);
    const last = parts === 1;
    const output = last ? result : lowering.scratch([outer, parts, inner]);
    const step = combine[first || kind !== 'sumOfSquares' ? kind : 'sum'];
    lowering.dispatch({
      label: first ? kind : `${kind}.combine`,
      ...kernel(withNan(source, 'f32'), {
        constants: { ...step, X: input.dtype },
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

const reduceOperation: Omit<Operation<ReduceAttributes>, 'name'> = {
  operands: { x: FLOATS },
  shape: (_inputs, { shape }) => [{ shape, dtype: 'f32' }],
  lower: (lowering, [x], [result], attributes) => lowerReduce(lowering, x, result, attributes),
  gradient({ inputs: [x], outputs: [y], outputGradients: [dy], attributes }) {
    if (!dy) return [undefined];
    const { kind, outer, reduced, inner, scale } = attributes;
    const view = [outer, reduced, inner];
    const spread = broadcastTo(reshape(dy, [outer, 1, inner]), view);
    if (kind === 'sum') return [reshape(scale === 1 ? spread : mul(spread, scale), x.shape)];
    if (kind === 'sumOfSquares') return [reshape(mul(mul(spread, reshape(x, view)), 2 * scale), x.shape)];
    // Equal maxima share the gradient evenly, as in torch.amax.
    const isMax = equal(reshape(x, view), reshape(y, [outer, 1, inner]));
    const share = div(reshape(dy, [outer, 1, inner]), reduce('sum', isMax, { axes: [1], keepDims: true }));
    return [reshape(mul(isMax, share), x.shape)];
  },
};

/** One for each function, since messages name it. */
const operations: Readonly<Record<Kind | 'mean', Operation<ReduceAttributes>>> = {
  sum: { ...reduceOperation, name: 'sum' },
  mean: { ...reduceOperation, name: 'mean' },
  max: { ...reduceOperation, name: 'max' },
  sumOfSquares: { ...reduceOperation, name: 'sumOfSquares' },
};

function reduce(name: Kind | 'mean', x: Tensor, { axes, keepDims = false }: ReduceOptions): Tensor {
  const kind = name === 'mean' ? 'sum' : name;
  const reducedAxes = normalizeAxes(name, axes, x.shape.length);
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
  if (reduced === 1 && kind !== 'sumOfSquares' && x.dtype !== 'u32')
    return x.dtype === 'f16' ? cast(reshape(x, shape), 'f32') : reshape(x, shape);
  const scale = name === 'mean' ? 1 / reduced : 1;
  return record(operations[name], [input], { kind, outer, reduced, inner, shape, scale })[0];
}

const reduceOptions: OptionKinds<ReduceOptions> = {
  axes: kinds.optional(kinds.axes),
  keepDims: kinds.optional(kinds.flag),
};

const sumTakes = signature('sum', { x: kinds.tensor }, reduceOptions);

/** Sum over axes; f32 also for f16. Counterpart: torch.sum. */
export function sum(x: Tensor, options: ReduceOptions = {}): Tensor {
  sumTakes(arguments);
  return reduce('sum', x, options);
}

const meanTakes = signature('mean', { x: kinds.tensor }, reduceOptions);

/** Mean over axes. Counterpart: torch.mean. */
export function mean(x: Tensor, options: ReduceOptions = {}): Tensor {
  meanTakes(arguments);
  return reduce('mean', x, options);
}

const maxTakes = signature('max', { x: kinds.tensor }, reduceOptions);

/** Largest value over axes, NaN where one is; equal maxima share the gradient evenly. Counterpart: torch.amax. */
export function max(x: Tensor, options: ReduceOptions = {}): Tensor {
  maxTakes(arguments);
  return reduce('max', x, options);
}

const sumOfSquaresTakes = signature('sumOfSquares', { x: kinds.tensor }, reduceOptions);

/** Sum of squares over axes. */
export function sumOfSquares(x: Tensor, options: ReduceOptions = {}): Tensor {
  sumOfSquaresTakes(arguments);
  return reduce('sumOfSquares', x, options);
}

/** Sums a gradient over the axes along which a tensor of `shape` was broadcast. */
export function sumTo(gradient: Tensor, shape: Shape): Tensor {
  if (sameShape(gradient.shape, shape)) return gradient;
  const lead = gradient.shape.length - shape.length;
  const axes = gradient.shape
    .map((_, axis) => axis)
    .filter((axis) => axis < lead || (shape[axis - lead] === 1 && gradient.shape[axis] !== 1));
  return reshape(sum(gradient, { axes }), shape);
}
