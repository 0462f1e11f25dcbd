import type { GraphBuilder, ValueName } from './graph-builder.js';

/** The form of the grey levels: whole numbers from 0 to 255, or luminance from 0 to 1. */
export const FRAME_TYPES = ['uint8', 'float32'] as const;
export type FrameType = (typeof FRAME_TYPES)[number];

/** Frames as the network takes them, and the way back. */
export interface FittedFrames {
  /** [N, 1, size, size], luminance in [0, 1]. */
  readonly pixels: ValueName;
  /** The map of points [..., 2], x then y, from the network's pixels to those of the frames that came in. */
  readonly toFrame: (points: ValueName) => ValueName;
}

/** Luminance in [0, 1] of frames that have the network's size. */
export function scaleFrames(graph: GraphBuilder, frames: ValueName, type: FrameType): FittedFrames {
  return { pixels: toLuminance(graph, frames, type), toFrame: (points) => points };
}

/**
 * The paper's preprocessing within the graph, for frames of any extent: a proportional antialiased resize that makes
 * the shorter side `size`, then the central square, in one resampling (`fitFrame` of sonde/train is the same in plain
 * code). Along each axis it is a matrix of triangle weights, computed from the frames' extents. Output pixel i lies
 * over
 *
 *     c(i) = (2i + 1 + 2·offset)·side / (2·size) − ½,    offset = ⌊size·(extent − side) / (2·side)⌋
 *
 * and weighs pixel j by max(0, 1 − |j − c(i)| / support), normalized, with support = max(1, side / size). Multiplied by
 * 2·size·support = 2·max(size, side) these are whole numbers, so that int64 arithmetic gives them without any rounding.
 *
 * @param frames [N, 1, H, W]
 */
export function fitFrames(graph: GraphBuilder, frames: ValueName, type: FrameType, size: number): FittedFrames {
  const at = (name: string) => `preprocessing/${name}`;
  const add = (operator: string, name: string, ...inputs: ValueName[]) => graph.node(operator, at(name), inputs);
  const size1 = graph.integers(at('size'), [size]);
  const two = graph.integers(at('two'), [2]);
  const zero = graph.integers(at('zero'), [0], []);
  const one = graph.integers(at('one'), [1], []);

  // Rows, then columns.
  const extents = graph.node('Shape', at('extents'), [frames], { start: 2, end: 4 });
  const side = graph.node('ReduceMin', at('side'), [extents], { keepdims: 1 });
  const excess = add('Mul', 'excess', add('Sub', 'surplus', extents, side), size1);
  const twiceSide = add('Mul', 'twice_side', side, two);
  const offsets = add('Div', 'offsets', excess, twiceSide);
  const reach = add('Mul', 'reach', add('Max', 'longer_side', size1, side), two);

  const weights = (axis: 'rows' | 'columns', index: ValueName): ValueName => {
    const own = (operator: string, name: string, ...inputs: ValueName[]) => add(operator, `${axis}/${name}`, ...inputs);
    const odd = graph.integers(
      at(`${axis}/outputs`),
      Array.from({ length: size }, (_, i) => 2 * i + 1),
      [size, 1],
    );
    const twiceOffset = own('Mul', 'twice_offset', own('Gather', 'offset', offsets, index), two);
    const centres = own('Mul', 'centres', own('Add', 'shifted', odd, twiceOffset), side);
    const pixels = own('Range', 'pixels', zero, own('Gather', 'extent', extents, index), one);
    const oddPixels = own('Add', 'odd_pixels', own('Mul', 'twice_pixels', pixels, two), one);
    const places = own('Mul', 'places', oddPixels, size1);
    const distances = own('Abs', 'distances', own('Sub', 'differences', places, centres));
    const triangles = own('Max', 'triangles', own('Sub', 'heights', reach, distances), zero);
    const floats = graph.node('Cast', at(`${axis}/floats`), [triangles], { to: 1 });
    const along = graph.integers(at(`${axis}/along`), [1]);
    const sums = graph.node('ReduceSum', at(`${axis}/sums`), [floats, along], { keepdims: 1 });
    return own('Div', 'weights', floats, sums);
  };
  const rows = weights('rows', zero);
  const columns = graph.node('Transpose', at('columns/transposed'), [weights('columns', one)], { perm: [1, 0] });

  const levels = toLuminance(graph, frames, type);
  const narrow = add('MatMul', 'narrow', levels, columns);
  const pixels = add('MatMul', 'fitted', rows, narrow);

  // x belongs to columns, y to rows.
  const toXY = graph.integers(at('x_y'), [1, 0]);
  const toFloat = (name: string, value: ValueName) => graph.node('Cast', at(name), [value], { to: 1 });
  const shift = toFloat('shift', add('Gather', 'offset_x_y', offsets, toXY));
  const scale = add('Div', 'scale', toFloat('float_side', side), graph.floats(at('float_size'), [size]));
  const half = graph.floats(at('half'), [0.5]);
  const toFrame = (points: ValueName) => {
    const corner = add('Add', 'in_square', points, add('Add', 'corner', shift, half));
    return add('Sub', 'in_frame', add('Mul', 'in_frame_edges', corner, scale), half);
  };
  return { pixels, toFrame };
}

function toLuminance(graph: GraphBuilder, frames: ValueName, type: FrameType): ValueName {
  if (type === 'float32') return frames;
  const levels = graph.node('Cast', 'preprocessing/levels', [frames], { to: 1 });
  return graph.node('Div', 'preprocessing/luminance', [levels, graph.floats('preprocessing/white', [255])]);
}
