import { type DType, type Operation, record, reshape, ShapeError, type Tensor } from '../../engine/index.js';
import * as kinds from '../../engine/kinds.js';
import { ANY } from '../../engine/operands.js';
import { formatShape, normalizeAxes, type Shape, sizeOf, stridesOf } from '../../engine/shape.js';
import { signature } from '../../engine/signature.js';
import { checkRank, lowerCopyRows, lowerStridedCopy } from './strided-copy.js';

// One file, because padding and slicing are each the other's gradient.

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

/** How many elements go before and after the tensor, along each axis. */
export type Padding = readonly (readonly [before: number, after: number])[];

/** A border of `value` around the tensor. */
export function padConstant(x: Tensor, padding: Padding, value: number): Tensor {
  const [before, after] = [0, 1].map((side) => padding.map((pair) => pair[side]));
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
      padConstant(
        dy,
        start.map((at, axis) => [at, x.shape[axis] - end[axis]] as const),
        0,
      ),
  ],
};

interface StepAttributes {
  readonly start: readonly number[];
  /** Negative where the axis is walked backwards. */
  readonly step: readonly number[];
  readonly shape: Shape;
}

/** Every so manyth element along each axis. */
const stepOperation: Operation<StepAttributes> = {
  name: 'slice',
  operands: { x: ANY },
  shape([x], { shape }) {
    checkRank('slice', x.shape.length);
    return [{ shape, dtype: x.dtype }];
  },
  lower(lowering, [x], [result], { start, step, shape }) {
    const strides = stridesOf(x.shape);
    lowerStridedCopy(lowering, 'slice', x, result, {
      extents: shape,
      before: shape.map(() => 0),
      lengths: shape,
      strides: step.map((own, axis) => own * strides[axis]),
      offset: start.reduce((offset, at, axis) => offset + at * strides[axis], 0),
    });
  },
  gradient: ({ inputs: [x], outputGradients: [dy], attributes }) => [dy && spreadSteps(dy, x.shape, attributes)],
};

/** Zeros of `shape`, with the elements of dy at the places that steps have taken. */
function spreadSteps(dy: Tensor, shape: Shape, { start, step, shape: taken }: StepAttributes): Tensor {
  const backwards = step.flatMap((own, axis) => (own < 0 ? [axis] : []));
  const first = start.map((at, axis) => (step[axis] < 0 ? at + step[axis] * (taken[axis] - 1) : at));
  let result = backwards.length > 0 ? flip(dy, { axes: backwards }) : dy;
  for (const [axis, signed] of step.entries()) {
    const own = Math.abs(signed);
    if (own === 1) continue;
    // Each element at the head of `own` places, of which the last may lie outside.
    const [outer, inner] = [result.shape.slice(0, axis), result.shape.slice(axis + 1)];
    const places = reshape(result, [...outer, taken[axis], 1, ...inner]);
    const none = (extents: Shape) => extents.map(() => [0, 0] as const);
    const apart = padConstant(places, [...none(outer), [0, 0], [0, own - 1], ...none(inner)], 0);
    const flat = reshape(apart, [...outer, taken[axis] * own, ...inner]);
    const room = Math.min(taken[axis] * own, shape[axis] - first[axis]);
    result = slice(flat, { end: flat.shape.map((extent, d) => (d === axis ? room : extent)) });
  }
  const padding = first.map((at, axis) => [at, shape[axis] - at - result.shape[axis]] as const);
  return padding.every(([before, after]) => before === 0 && after === 0) ? result : padConstant(result, padding, 0);
}

export interface SliceOptions {
  /** First index along each axis; negative ones count from the end. Absent axes start at 0. */
  readonly start?: readonly number[];
  /** Index behind the last along each axis; negative ones count from the end. Absent axes end at their extent. */
  readonly end?: readonly number[];
  /** Distance of the elements taken along each axis, at least 1. Absent axes take each. */
  readonly step?: readonly number[];
}

const sliceTakes = signature<SliceOptions>(
  'slice',
  { x: kinds.tensor },
  {
    ...{ start: kinds.optional(kinds.axes), end: kinds.optional(kinds.axes) },
    step: kinds.optional(kinds.list('whole numbers of at least 1', kinds.whole(1))),
  },
);

/** A box of the tensor, x[start₀:end₀:step₀, start₁:end₁:step₁, …]. */
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
  const step = x.shape.map((_, axis) => options.step?.[axis] ?? 1);
  if (step.some((own) => own > 1)) {
    const shape = step.map((own, axis) => Math.ceil((end[axis] - start[axis]) / own));
    return record(stepOperation, [x], { start, step, shape })[0];
  }
  if (start.every((at, axis) => at === 0 && end[axis] === x.shape[axis])) return x;
  return record(sliceOperation, [x], { start, end })[0];
}

const flipTakes = signature<{ axes?: readonly number[] }>(
  'flip',
  { x: kinds.tensor },
  { axes: kinds.optional(kinds.axes) },
);

/** The elements in reverse order along axes, all if none are given. Counterpart: torch.flip. */
export function flip(x: Tensor, { axes }: { axes?: readonly number[] } = {}): Tensor {
  flipTakes(arguments);
  const reversed = normalizeAxes('flip', axes, x.shape.length);
  const start = x.shape.map((extent, axis) => (reversed.includes(axis) ? extent - 1 : 0));
  const step = x.shape.map((_, axis) => (reversed.includes(axis) ? -1 : 1));
  return record(stepOperation, [x], { start, step, shape: x.shape })[0];
}
