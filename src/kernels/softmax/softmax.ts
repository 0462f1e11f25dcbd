import { type Lowering, type Operation, record, reshape, type Tensor } from '../../engine/index.js';
import * as kinds from '../../engine/kinds.js';
import { F32 } from '../../engine/operands.js';
import { normalizeAxes, type Shape, sizeOf } from '../../engine/shape.js';
import { type OptionKinds, signature } from '../../engine/signature.js';
import { kernel, uniforms } from '../../engine/wgsl/index.js';
import { sum } from '../broadcast/index.js';
import { exp, mul, neg, sub } from '../elementwise/index.js';
import { linearGrid } from '../grid.js';
import { transpose } from '../movement/movement.js';
import { withNan } from '../nan.js';
import { joiningSubgroup } from '../subgroup-join.js';
import softmaxKernel from './softmax.wgsl';
import gradientKernel from './softmax-gradient.wgsl';

export interface SoftmaxOptions {
  /** Axes over which the result sums to one; negative ones count from the end. The last one if left out. */
  readonly axes?: readonly number[];
}

/** A tensor seen as [outer, reduce, inner]. */
interface View {
  readonly outer: number;
  readonly reduce: number;
  readonly inner: number;
}

interface Attributes extends View {
  readonly log: boolean;
}

const options: OptionKinds<SoftmaxOptions> = { axes: kinds.optional(kinds.axes) };
const softmaxTakes = signature('softmax', { x: kinds.tensor }, options);
const logSoftmaxTakes = signature('logSoftmax', { x: kinds.tensor }, options);

/**
 * exp(x) / Σ exp(x), with the sum over `axes` together: `{ axes: [1, 2] }` is the spatial softmax of NHWC heatmaps.
 * As `torch.softmax`, which takes one axis.
 *
 * @returns The shape of `x`.
 * @throws ShapeError for an axis that `x` does not have, or one named twice.
 */
export function softmax(x: Tensor, options: SoftmaxOptions = {}): Tensor {
  softmaxTakes(arguments);
  return softmaxOver('softmax', x, options, false);
}

/**
 * log(softmax(x)), computed as (x − max) − log Σ exp(x − max), which stays finite where softmax underflows.
 *
 * @returns The shape of `x`.
 * @throws ShapeError for an axis that `x` does not have, or one named twice.
 */
export function logSoftmax(x: Tensor, options: SoftmaxOptions = {}): Tensor {
  logSoftmaxTakes(arguments);
  return softmaxOver('logSoftmax', x, options, true);
}

function softmaxOver(name: 'softmax' | 'logSoftmax', x: Tensor, { axes = [-1] }: SoftmaxOptions, log: boolean): Tensor {
  const reduced = normalizeAxes(name, axes, x.shape.length);
  const view = collapse(x.shape, reduced);
  if (view) return record(operations[name], [x], { ...view, log })[0];
  // The axes do not lie side by side in memory: bring them together at the end, and back afterwards.
  const kept = x.shape.map((_, axis) => axis).filter((axis) => !reduced.includes(axis));
  const order = [...kept, ...reduced];
  const inverse = order.map((_, axis) => order.indexOf(axis));
  const last = reduced.map((_, index) => kept.length + index);
  return transpose(softmaxOver(name, transpose(x, { axes: order }), { axes: last }, log), { axes: inverse });
}

/** [outer, reduce, inner] if the axes are one block of memory (axes of extent 1 are nowhere in the way). */
function collapse(shape: Shape, axes: readonly number[]): View | undefined {
  const long = axes.filter((axis) => shape[axis] > 1);
  if (long.length === 0) return { outer: sizeOf(shape), reduce: 1, inner: 1 };
  const first = long[0];
  const end = long[long.length - 1] + 1;
  const reduce = sizeOf(shape.slice(first, end));
  if (reduce !== sizeOf(long.map((axis) => shape[axis]))) return undefined;
  return { outer: sizeOf(shape.slice(0, first)), reduce, inner: sizeOf(shape.slice(end)) };
}

const softmaxOperation: Omit<Operation<Attributes>, 'name'> = {
  operands: { x: F32 },

  shape: ([x]) => [x],

  lower(lowering, [x], [y], attributes) {
    const { options, workgroups } = arrangement(lowering, attributes);
    lowering.dispatch({
      label: attributes.log ? 'logSoftmax' : 'softmax',
      ...kernel(withNan(softmaxKernel, 'f32'), options),
      bindings: [x, y],
      writes: [1],
      workgroups,
      flops: 4 * sizeOf(x.shape),
    });
  },

  /** softmax: dx = y·(dy − Σ y·dy); log-softmax: dx = dy − exp(y)·Σ dy. */
  gradient({ outputs: [y], outputGradients: [dy], attributes }) {
    return [dy && record(softmaxGradient, [y, dy], attributes)[0]];
  },
};

/** One for each function, since messages name it. */
const operations: Readonly<Record<'softmax' | 'logSoftmax', Operation<Attributes>>> = {
  softmax: { ...softmaxOperation, name: 'softmax' },
  logSoftmax: { ...softmaxOperation, name: 'logSoftmax' },
};

/** Inputs y, dy; output dx. */
const softmaxGradient: Operation<Attributes> = {
  name: 'softmaxGradient',
  operands: { y: F32, dy: F32 },

  shape: ([y]) => [y],

  lower(lowering, [y, dy], [dx], attributes) {
    const { options, workgroups } = arrangement(lowering, attributes);
    lowering.dispatch({
      label: attributes.log ? 'logSoftmax.gradient' : 'softmax.gradient',
      ...kernel(withNan(gradientKernel, 'f32'), options),
      bindings: [y, dy, dx],
      writes: [2],
      workgroups,
      flops: 4 * sizeOf(y.shape),
    });
  },

  /**
   * With u the gradient by dx: for softmax y·(u − Σ y·u) by dy and u·(dy − Σ y·dy) − dy·Σ y·u by y; for log-softmax u −
   * Σ exp(y)·u by dy and −u·exp(y)·Σ dy by y.
   */
  gradient({ inputs, outputGradients, attributes, wanted }) {
    const { log, outer, reduce, inner } = attributes;
    const [given] = outputGradients;
    if (!given) return [];
    const [y, dy, u] = [...inputs, given].map((tensor) => reshape(tensor, [outer, reduce, inner]));
    const total = (tensor: Tensor) => sum(tensor, { axes: [1], keepDims: true });
    const p = log ? exp(y) : y;
    const weighted = total(mul(p, u));
    const byY = () =>
      log ? neg(mul(mul(u, p), total(dy))) : sub(mul(u, sub(dy, total(mul(y, dy)))), mul(dy, weighted));
    const byDy = () => (log ? sub(u, weighted) : mul(y, sub(u, weighted)));
    return [byY, byDy].map((rule, i) => (wanted[i] ? reshape(rule(), inputs[i].shape) : undefined));
  },
};

const rowUniforms = uniforms({ rows: 'u32', reduce: 'u32', inner: 'u32' });

/**
 * Lanes per row: one for short rows, of which there are usually many, else a subgroup or a power of two with work for
 * each.
 */
function arrangement(lowering: Lowering, { outer, reduce, inner, log }: Attributes) {
  const subgroup = reduce <= 32 ? undefined : joiningSubgroup(lowering);
  const lanes = subgroup ?? (reduce <= 32 ? 1 : reduce <= 1024 ? 64 : 256);
  const rowsPerWorkgroup = lanes === 1 ? 64 : 1;
  const rows = outer * inner;
  return {
    options: {
      constants: {
        ...{ LANES: lanes, ROWS: rowsPerWorkgroup, LOG: log },
        ...{ SUBGROUP: !!subgroup, PARALLEL: lanes > 1 && !subgroup },
      },
      uniforms: rowUniforms({ rows, reduce, inner }),
    },
    workgroups: linearGrid(rows, rowsPerWorkgroup),
  };
}
