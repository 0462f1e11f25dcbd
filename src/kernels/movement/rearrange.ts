import { reshape, ShapeError, type Tensor } from '../../engine/index.js';
import * as kinds from '../../engine/kinds.js';
import { formatShape, normalizeAxes } from '../../engine/shape.js';
import { type OptionKinds, signature } from '../../engine/signature.js';
import { broadcastTo } from '../broadcast/broadcast.js';
import { arange } from '../creation/creation.js';
import { greaterEqual, lessEqual, where } from '../elementwise/comparison.js';
import { sub } from '../elementwise/elementwise.js';
import { concat } from './movement.js';
import { slice } from './slice.js';

// Compositions of reshape, slice, concat and broadcastTo, whose gradients they have.

/** Elements `start` to `end` along an axis. */
function between(x: Tensor, axis: number, start: number, end: number): Tensor {
  return slice(x, {
    start: x.shape.map((_, d) => (d === axis ? start : 0)),
    end: x.shape.map((extent, d) => (d === axis ? end : extent)),
  });
}

export interface AxisOptions {
  /** The axis; negative ones count from the end. */
  readonly axis?: number;
}

export const axisOptions: OptionKinds<AxisOptions> = { axis: kinds.optional(kinds.integer) };

const splitTakes = signature(
  'split',
  { x: kinds.tensor, sizes: kinds.either(kinds.whole(1), kinds.shape) },
  axisOptions,
);

/**
 * A tensor in pieces along an axis (the last by default). Counterpart: torch.split.
 *
 * @param sizes Extents of the pieces, or one for all, of which the last may then be shorter.
 */
export function split(x: Tensor, sizes: number | readonly number[], { axis = -1 }: AxisOptions = {}): Tensor[] {
  splitTakes(arguments);
  const [along] = normalizeAxes('split', [axis], x.shape.length);
  const extent = x.shape[along];
  const given =
    typeof sizes === 'number'
      ? Array.from({ length: Math.ceil(extent / sizes) }, (_, i) => Math.min(sizes, extent - i * sizes))
      : sizes;
  const total = given.reduce((sum, own) => sum + own, 0);
  if (total !== extent) {
    throw new ShapeError(
      `split: sizes [${given.join(', ')}] are ${total} together, and axis ${along} of ${formatShape(x.shape)} has ${extent}.`,
    );
  }
  let end = 0;
  return given.map((size) => {
    end += size;
    return between(x, along, end - size, end);
  });
}

const stackTakes = signature('stack', { tensors: kinds.tensors }, axisOptions);

/** Tensors of one shape along a new axis, which is the first by default. Counterpart: torch.stack. */
export function stack(tensors: readonly Tensor[], { axis = 0 }: AxisOptions = {}): Tensor {
  stackTakes(arguments);
  if (tensors.length === 0) throw new ShapeError('stack: no tensors; give at least one.');
  return concat(
    tensors.map((x) => unsqueeze(x, axis)),
    { axis },
  );
}

export interface AxesOptions {
  /** Axes; negative ones count from the end. Absent: all. */
  readonly axes?: readonly number[];
}

const squeezeTakes = signature<AxesOptions>('squeeze', { x: kinds.tensor }, { axes: kinds.optional(kinds.axes) });

/**
 * Without axes of extent 1: those given, or all. Counterpart: torch.squeeze.
 * @throws ShapeError for an axis of another extent
 */
export function squeeze(x: Tensor, { axes }: AxesOptions = {}): Tensor {
  squeezeTakes(arguments);
  const dropped = axes === undefined ? [] : normalizeAxes('squeeze', axes, x.shape.length);
  const large = dropped.find((axis) => x.shape[axis] !== 1);
  if (large !== undefined) {
    throw new ShapeError(`squeeze: axis ${large} of ${formatShape(x.shape)} has extent ${x.shape[large]}, not 1.`);
  }
  return reshape(
    x,
    x.shape.filter((extent, axis) => (axes === undefined ? extent !== 1 : !dropped.includes(axis))),
  );
}

const unsqueezeTakes = signature('unsqueeze', { x: kinds.tensor, axis: kinds.integer });

/**
 * With a new axis of extent 1 at `axis` of the result; negative ones count from its end. Counterpart: torch.unsqueeze.
 */
export function unsqueeze(x: Tensor, axis: number): Tensor {
  unsqueezeTakes(arguments);
  const [at] = normalizeAxes('unsqueeze', [axis], x.shape.length + 1);
  return reshape(x, [...x.shape.slice(0, at), 1, ...x.shape.slice(at)]);
}

export interface FlattenOptions {
  /** First axis that is joined. Default 0. */
  readonly start?: number;
  /** Last axis that is joined. Default −1. */
  readonly end?: number;
}

const flattenOptions: OptionKinds<FlattenOptions> = {
  start: kinds.optional(kinds.integer),
  end: kinds.optional(kinds.integer),
};

const flattenTakes = signature('flatten', { x: kinds.tensor }, flattenOptions);

/** Axes `start` to `end` joined to one. Counterpart: torch.flatten. */
export function flatten(x: Tensor, { start = 0, end = -1 }: FlattenOptions = {}): Tensor {
  flattenTakes(arguments);
  if (x.shape.length === 0) return reshape(x, [1]);
  const [[first], [last]] = [start, end].map((axis) => normalizeAxes('flatten', [axis], x.shape.length));
  if (first > last) throw new ShapeError(`flatten: start ${start} comes after end ${end} in ${formatShape(x.shape)}.`);
  return reshape(x, [...x.shape.slice(0, first), -1, ...x.shape.slice(last + 1)]);
}

const tileTakes = signature('tile', { x: kinds.tensor, repeats: kinds.shape });

/**
 * The tensor repeated along each axis. Counterpart: torch.tile.
 *
 * @param repeats How often, for each axis; missing ones at the front are 1, and more make new axes.
 */
export function tile(x: Tensor, repeats: readonly number[]): Tensor {
  tileTakes(arguments);
  const rank = Math.max(x.shape.length, repeats.length);
  const lengthened = (list: readonly number[]) => [...new Array<number>(rank - list.length).fill(1), ...list];
  const [extents, counts] = [lengthened(x.shape), lengthened(repeats)];
  // Only axes that repeat get one of their own, since kernels walk eight.
  const apart = extents.flatMap((extent, axis) => (counts[axis] > 1 ? [1, extent] : [extent]));
  const spread = extents.flatMap((extent, axis) => (counts[axis] > 1 ? [counts[axis], extent] : [extent]));
  return reshape(
    broadcastTo(reshape(x, apart), spread),
    extents.map((extent, axis) => extent * counts[axis]),
  );
}

const rollTakes = signature('roll', { x: kinds.tensor, shift: kinds.integer }, axisOptions);

/**
 * Elements moved by `shift` places along an axis (the last by default), those beyond the end to the start. As
 * torch.roll.
 */
export function roll(x: Tensor, shift: number, { axis = -1 }: AxisOptions = {}): Tensor {
  rollTakes(arguments);
  const [along] = normalizeAxes('roll', [axis], x.shape.length);
  const extent = x.shape[along];
  const cut = (((extent - shift) % extent) + extent) % extent;
  return cut === 0 ? x : concat([between(x, along, cut, extent), between(x, along, 0, cut)], { axis: along });
}

export interface DiagonalOptions {
  /** 0 is the main diagonal, 1 the next above it. Default 0. */
  readonly diagonal?: number;
}

const diagonalOption: OptionKinds<DiagonalOptions> = { diagonal: kinds.optional(kinds.integer) };

/** x where row and column, the last two axes, are so related, 0 elsewhere. */
function triangle(name: string, x: Tensor, keeps: (difference: Tensor) => Tensor): Tensor {
  if (x.shape.length < 2) {
    throw new ShapeError(`${name}: x is ${formatShape(x.shape)}, and it needs rows and columns; reshape it.`);
  }
  const [rows, columns] = x.shape.slice(-2);
  const difference = sub(arange(x.device, 0, columns), unsqueeze(arange(x.device, 0, rows), 1));
  return where(keeps(difference), x, 0);
}

const trilTakes = signature('tril', { x: kinds.tensor }, diagonalOption);

/**
 * The lower triangle of matrices, up to a diagonal (0 is the main one, 1 the next above it), 0 elsewhere. As
 * torch.tril.
 */
export function tril(x: Tensor, { diagonal = 0 }: DiagonalOptions = {}): Tensor {
  trilTakes(arguments);
  return triangle('tril', x, (difference) => lessEqual(difference, diagonal));
}

const triuTakes = signature('triu', { x: kinds.tensor }, diagonalOption);

/**
 * The upper triangle of matrices, from a diagonal (0 is the main one, 1 the next above it), 0 elsewhere. As torch.triu.
 */
export function triu(x: Tensor, { diagonal = 0 }: DiagonalOptions = {}): Tensor {
  triuTakes(arguments);
  return triangle('triu', x, (difference) => greaterEqual(difference, diagonal));
}
