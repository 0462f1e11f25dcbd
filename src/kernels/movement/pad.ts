import { ShapeError, type Tensor } from '../../engine/index.js';
import * as kinds from '../../engine/kinds.js';
import { formatShape } from '../../engine/shape.js';
import { type OptionKinds, signature } from '../../engine/signature.js';
import { broadcastTo } from '../broadcast/broadcast.js';
import { concat } from './movement.js';
import { flip, type Padding, padConstant, slice } from './slice.js';

export interface PadOptions {
  /** Of a border of mode "constant". Default 0. */
  readonly value?: number;
  /**
   * What the border shows: `value`, the tensor reflected at its outermost elements, these repeated, or the tensor from
   * the other side. Default "constant".
   */
  readonly mode?: 'constant' | 'reflect' | 'replicate' | 'circular';
}

const padOptions: OptionKinds<PadOptions> = {
  value: kinds.optional(kinds.scalar),
  mode: kinds.optional(kinds.oneOf('constant', 'reflect', 'replicate', 'circular')),
};

const padTakes = signature(
  'pad',
  {
    x: kinds.tensor,
    padding: kinds.list('pairs [before, after], one for each axis', kinds.list('counts', kinds.integer)),
  },
  padOptions,
);

/**
 * A border around the tensor: `padding` gives [before, after] for each axis, counts of at least 0. Counterpart:
 * torch.nn.functional.pad.
 * @throws ShapeError for a border that is larger than the tensor has elements to show: all but one for "reflect", all
 *   for "circular"
 */
export function pad(x: Tensor, padding: Padding, { value = 0, mode = 'constant' }: PadOptions = {}): Tensor {
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
  if (mode === 'constant') return padConstant(x, padding, value);
  return padding.reduce((padded, [before, after], axis) => padAxis(padded, axis, before, after, mode), x);
}

function padAxis(x: Tensor, axis: number, before: number, after: number, mode: Exclude<PadOptions['mode'], undefined>) {
  const extent = x.shape[axis];
  const most = { constant: 0, replicate: Number.POSITIVE_INFINITY, reflect: extent - 1, circular: extent }[mode];
  if (Math.max(before, after) > most) {
    throw new ShapeError(
      `pad: a border of ${Math.max(before, after)} along axis ${axis} of ${formatShape(x.shape)}; mode "${mode}" has at most ${most} to show.`,
    );
  }
  const from = (start: number, end: number) =>
    slice(x, {
      start: x.shape.map((_, d) => (d === axis ? start : 0)),
      end: x.shape.map((own, d) => (d === axis ? end : own)),
    });
  const side = (count: number, first: boolean): Tensor[] => {
    if (count === 0) return [];
    if (mode === 'circular') return [first ? from(extent - count, extent) : from(0, count)];
    if (mode === 'reflect')
      return [flip(first ? from(1, count + 1) : from(extent - 1 - count, extent - 1), { axes: [axis] })];
    return [
      broadcastTo(
        first ? from(0, 1) : from(extent - 1, extent),
        x.shape.map((own, d) => (d === axis ? count : own)),
      ),
    ];
  };
  return concat([...side(before, true), x, ...side(after, false)], { axis });
}
