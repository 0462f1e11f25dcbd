import { type Lowering, type Operation, record, ShapeError, type Tensor, type Value } from '../../engine/index.js';
import * as kinds from '../../engine/kinds.js';
import { ANY } from '../../engine/operands.js';
import { type DType, formatShape, normalizeAxes, sizeOf, storageType, stridesOf } from '../../engine/shape.js';
import { signature } from '../../engine/signature.js';
import { kernel, uniforms } from '../../engine/wgsl/index.js';
import { linearGrid } from '../grid.js';
import copyRowsSource from './copy-rows.wgsl';
import copyStridedSource from './copy-strided.wgsl';

const MAX_RANK = 8;

const walkUniforms = uniforms({
  /** Of the result, innermost first: extent, padding before, the input's extent and its stride. */
  dimensions: `array<vec4u, ${MAX_RANK}>`,
  count: 'u32',
  rank: 'u32',
  value: 'f32',
});

const copyUniforms = uniforms({
  count: 'u32',
  length: 'u32',
  inputRow: 'u32',
  inputOffset: 'u32',
  resultRow: 'u32',
  resultOffset: 'u32',
});

interface Walk {
  /** Per axis of the result: its extent, the padding before, the input's extent along it and the input's stride. */
  readonly extents: readonly number[];
  readonly before: readonly number[];
  readonly lengths: readonly number[];
  readonly strides: readonly number[];
}

/** Copies `x` into `result` by strides. Padding gets `value`. */
export function lowerStridedCopy(
  lowering: Lowering,
  label: string,
  x: Value,
  result: Value,
  walk: Walk,
  value = 0,
): void {
  const rank = walk.extents.length;
  const dimensions: number[] = [];
  for (let axis = rank - 1; axis >= 0; axis--) {
    dimensions.push(walk.extents[axis], walk.before[axis], walk.lengths[axis], walk.strides[axis]);
  }
  while (dimensions.length < 4 * MAX_RANK) dimensions.push(1, 0, 1, 0);
  const count = sizeOf(result.shape);
  lowering.dispatch({
    label,
    ...kernel(copyStridedSource, {
      constants: { TYPE: storageType(x.dtype) },
      uniforms: walkUniforms({ dimensions, count, rank, value }),
    }),
    bindings: [x, result],
    writes: [1],
    workgroups: linearGrid(count),
  });
}

/** Copies `rows` stretches of `length` values, by strides and offsets in values. */
function lowerCopyRows(
  lowering: Lowering,
  label: string,
  x: Value,
  result: Value,
  [rows, ...extents]: [
    rows: number,
    length: number,
    inputRow: number,
    inputOffset: number,
    resultRow: number,
    resultOffset: number,
  ],
): void {
  const vectors = extents.every((extent) => extent % 4 === 0);
  const unit = vectors ? 4 : 1;
  const [length, inputRow, inputOffset, resultRow, resultOffset] = extents.map((extent) => extent / unit);
  const count = rows * length;
  lowering.dispatch({
    label,
    ...kernel(copyRowsSource, {
      constants: { TYPE: vectors ? `vec4<${storageType(x.dtype)}>` : storageType(x.dtype) },
      uniforms: copyUniforms({ count, length, inputRow, inputOffset, resultRow, resultOffset }),
    }),
    bindings: [x, result],
    writes: [1],
    workgroups: linearGrid(count),
  });
}

/** Refuses tensors of more axes than the kernel of strided copies walks. */
export function checkRank(name: string, rank: number): void {
  if (rank > MAX_RANK) throw new ShapeError(`${name}: rank ${rank} is beyond ${MAX_RANK}; merge axes with reshape.`);
}

const transposeOperation: Operation<{ axes: readonly number[] }> = {
  name: 'transpose',
  operands: { x: ANY },
  shape([x], { axes }) {
    checkRank('transpose', x.shape.length);
    return [{ shape: axes.map((axis) => x.shape[axis]), dtype: x.dtype }];
  },
  lower(lowering, [x], [result], { axes }) {
    const strides = stridesOf(x.shape);
    lowerStridedCopy(lowering, 'transpose', x, result, {
      extents: result.shape,
      before: axes.map(() => 0),
      lengths: result.shape,
      strides: axes.map((axis) => strides[axis]),
    });
  },
  gradient: ({ outputGradients: [dy], attributes: { axes } }) => [
    dy && transpose(dy, { axes: axes.map((_, axis) => axes.indexOf(axis)) }),
  ],
};

const transposeTakes = signature<{ axes?: readonly number[] }>(
  'transpose',
  { x: kinds.tensor },
  { axes: kinds.optional(kinds.axes) },
);

/** Axes in another order; reversed by default. Counterpart: torch.permute. */
export function transpose(x: Tensor, { axes }: { axes?: readonly number[] } = {}): Tensor {
  transposeTakes(arguments);
  const rank = x.shape.length;
  const order = axes?.map((axis) => (axis < 0 ? axis + rank : axis)) ?? x.shape.map((_, axis) => rank - 1 - axis);
  if (order.length !== rank) {
    throw new ShapeError(`transpose: ${order.length} axes for a tensor of rank ${rank}; name each axis once.`);
  }
  normalizeAxes('transpose', order, rank);
  if (order.every((axis, i) => axis === i)) return x;
  return record(transposeOperation, [x], { axes: order })[0];
}

interface PadAttributes {
  readonly before: readonly number[];
  readonly after: readonly number[];
  readonly value: number;
}

const WHOLE_PADDING: Partial<Record<DType, readonly [least: number, most: number]>> = {
  i32: [-(2 ** 24), 2 ** 24],
  u32: [0, 2 ** 24],
  bool: [0, 1],
};

const padOperation: Operation<PadAttributes> = {
  name: 'pad',
  operands: { x: ANY },
  shape([x], { before, after, value }) {
    checkRank('pad', x.shape.length);
    // The kernel has it as f32.
    const [least, most] = WHOLE_PADDING[x.dtype] ?? [];
    if (least !== undefined && most !== undefined && !(Number.isInteger(value) && value >= least && value <= most)) {
      throw new ShapeError(`pad: value is ${value} and x is ${x.dtype}; give a whole number from ${least} to ${most}.`);
    }
    return [{ shape: x.shape.map((extent, axis) => extent + before[axis] + after[axis]), dtype: x.dtype }];
  },
  lower(lowering, [x], [result], { before, value }) {
    const walk = { extents: result.shape, before, lengths: x.shape, strides: stridesOf(x.shape) };
    lowerStridedCopy(lowering, 'pad', x, result, walk, value);
  },
  gradient: ({ inputs: [x], outputGradients: [dy], attributes: { before } }) => [
    dy && slice(dy, { start: before, end: before.map((count, axis) => count + x.shape[axis]) }),
  ],
};

const padTakes = signature<{ value?: number }>(
  'pad',
  {
    x: kinds.tensor,
    padding: kinds.list('pairs [before, after], one for each axis', kinds.list('counts', kinds.integer)),
  },
  { value: kinds.optional(kinds.scalar) },
);

/**
 * A border of `value` (0) around the tensor: `padding` gives [before, after] for each axis, counts of at least 0.
 * Counterpart: torch.nn.functional.pad, mode "constant".
 */
export function pad(x: Tensor, padding: readonly (readonly [number, number])[], { value = 0 } = {}): Tensor {
  padTakes(arguments);
  const valid =
    padding.length === x.shape.length &&
    padding.every((pair) => pair.length === 2 && pair.every((count) => count >= 0));
  if (!valid) {
    throw new ShapeError(
      `pad: [${padding.map((pair) => `[${pair.join(', ')}]`).join(', ')}] does not give [before, after], whole numbers of at ` +
        `least 0, for each of the ${x.shape.length} axes of ${formatShape(x.shape)}.`,
    );
  }
  const before = padding.map(([count]) => count);
  const after = padding.map(([, count]) => count);
  return record(padOperation, [x], { before, after, value })[0];
}

interface SliceAttributes {
  readonly start: readonly number[];
  readonly end: readonly number[];
}

const sliceOperation: Operation<SliceAttributes> = {
  name: 'slice',
  operands: { x: ANY },
  shape([x], { start, end }) {
    checkRank('slice', x.shape.length);
    return [{ shape: x.shape.map((_, axis) => end[axis] - start[axis]), dtype: x.dtype }];
  },
  lower(lowering, [x], [result], { start }) {
    const cut = x.shape.flatMap((extent, axis) => (result.shape[axis] === extent ? [] : [axis]));
    if (cut.length === 1) {
      const [axis] = cut;
      const inner = sizeOf(x.shape.slice(axis + 1));
      const length = result.shape[axis] * inner;
      const rows = sizeOf(result.shape) / length;
      lowerCopyRows(lowering, 'slice', x, result, [
        rows,
        length,
        x.shape[axis] * inner,
        start[axis] * inner,
        length,
        0,
      ]);
      return;
    }
    const before = start.map((at) => -at);
    lowerStridedCopy(lowering, 'slice', x, result, {
      extents: result.shape,
      before,
      lengths: x.shape,
      strides: stridesOf(x.shape),
    });
  },
  gradient: ({ inputs: [x], outputGradients: [dy], attributes: { start, end } }) => [
    dy &&
      pad(
        dy,
        start.map((at, axis) => [at, x.shape[axis] - end[axis]] as const),
      ),
  ],
};

export interface SliceOptions {
  /** First index along each axis; negative ones count from the end. Absent axes start at 0. */
  readonly start?: readonly number[];
  /** Index behind the last along each axis; negative ones count from the end. Absent axes end at their extent. */
  readonly end?: readonly number[];
}

const sliceTakes = signature<SliceOptions>(
  'slice',
  { x: kinds.tensor },
  { start: kinds.optional(kinds.axes), end: kinds.optional(kinds.axes) },
);

/** A box of the tensor, x[start₀:end₀, start₁:end₁, …]. */
export function slice(x: Tensor, options: SliceOptions): Tensor {
  sliceTakes(arguments);
  const bound = (given: number | undefined, absent: number, extent: number) =>
    given === undefined ? absent : given < 0 ? given + extent : given;
  const start = x.shape.map((extent, axis) => bound(options.start?.[axis], 0, extent));
  const end = x.shape.map((extent, axis) => bound(options.end?.[axis], extent, extent));
  for (const [axis, extent] of x.shape.entries()) {
    const whole = Number.isInteger(start[axis]) && Number.isInteger(end[axis]);
    if (!whole || start[axis] < 0 || end[axis] > extent || start[axis] >= end[axis]) {
      throw new ShapeError(
        `slice: ${start[axis]}:${end[axis]} along axis ${axis} takes nothing from ${formatShape(x.shape)} or lies outside; ` +
          `use 0 <= start < end <= ${extent}.`,
      );
    }
  }
  if (start.every((at, axis) => at === 0 && end[axis] === x.shape[axis])) return x;
  return record(sliceOperation, [x], { start, end })[0];
}

export const concatOperation: Operation<{ axis: number }> = {
  name: 'concat',
  operands: { input: ANY },
  shape(inputs, { axis }) {
    const [first] = inputs;
    for (const [i, input] of inputs.entries()) {
      const fits =
        input.shape.length === first.shape.length &&
        input.shape.every((extent, d) => d === axis || extent === first.shape[d]);
      if (!fits) {
        throw new ShapeError(
          `concat: input ${i} is ${formatShape(input.shape)} and input 0 is ${formatShape(first.shape)}; all axes but ${axis} must agree.`,
        );
      }
    }
    const extent = inputs.reduce((total, input) => total + input.shape[axis], 0);
    const other = inputs.findIndex(({ dtype }) => dtype !== first.dtype);
    if (other >= 0) {
      throw new ShapeError(
        `concat: input ${other} is ${inputs[other].dtype} and input 0 is ${first.dtype}; cast one of them.`,
      );
    }
    return [{ shape: first.shape.map((own, d) => (d === axis ? extent : own)), dtype: first.dtype }];
  },
  lower(lowering, inputs, [result], { axis }) {
    const inner = sizeOf(result.shape.slice(axis + 1));
    const resultRow = result.shape[axis] * inner;
    let offset = 0;
    for (const input of inputs) {
      const length = input.shape[axis] * inner;
      const rows = sizeOf(input.shape) / length;
      lowerCopyRows(lowering, 'concat', input, result, [rows, length, length, 0, resultRow, offset]);
      offset += length;
    }
  },
  gradient({ inputs, outputGradients: [dy], attributes: { axis }, wanted }) {
    let at = 0;
    return inputs.map((input, i) => {
      const from = at;
      at += input.shape[axis];
      if (!dy || !wanted[i]) return undefined;
      const start = input.shape.map((_, d) => (d === axis ? from : 0));
      const end = dy.shape.map((extent, d) => (d === axis ? from + input.shape[axis] : extent));
      return slice(dy, { start, end });
    });
  },
};

const concatTakes = signature<{ axis?: number }>(
  'concat',
  { tensors: kinds.tensors },
  { axis: kinds.optional(kinds.integer) },
);

/** Tensors joined along an axis (the last by default). Counterpart: torch.cat. */
export function concat(tensors: readonly Tensor[], { axis = -1 }: { axis?: number } = {}): Tensor {
  concatTakes(arguments);
  if (tensors.length === 0) throw new ShapeError('concat: no tensors; give at least one.');
  const [normalized] = normalizeAxes('concat', [axis], tensors[0].shape.length);
  if (tensors.length === 1) return tensors[0];
  return record(concatOperation, tensors, { axis: normalized })[0];
}
