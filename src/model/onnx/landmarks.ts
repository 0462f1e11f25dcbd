import type { HeatmapReader } from '../decoding.js';
import { toNormalized } from '../frame-coordinates.js';
import type { GraphBuilder, ValueName } from './graph-builder.js';

export interface HeatmapExtent {
  readonly height: number;
  readonly width: number;
  /** Pixels along a side of the network's frame. */
  readonly size: number;
}

/** Heatmaps that sum to 1. @param logits [N, K, h, w] @returns the same shape */
export function spatialSoftmax(graph: GraphBuilder, logits: ValueName, { height, width }: HeatmapExtent): ValueName {
  const maps = graph.node('Softmax', 'softmax/maps', [flattened(graph, 'softmax', logits)], { axis: 2 });
  const shape = graph.integers('softmax/shape', [0, 0, height, width]);
  return graph.node('Reshape', 'softmax/heatmaps', [maps, shape]);
}

/**
 * What {@link HeatmapReader} reads from heatmaps, in pixels of the network's frame. Every decoding is a table of the
 * cells' places [h·w, 2]: DSNT takes its mean under the distribution, the others the row of the highest cell (of equal
 * ones the first).
 *
 * @param logits [N, K, h, w]
 * @param probabilities Their spatial softmax.
 * @returns [N, K, 2], x then y
 */
export function decodeHeatmaps(
  graph: GraphBuilder,
  reader: HeatmapReader,
  { logits, probabilities }: { readonly logits: ValueName; readonly probabilities: ValueName },
  extent: HeatmapExtent,
): ValueName {
  const table = graph.floats('decoding/grid', cellPlaces(reader, extent), [extent.height * extent.width, 2]);
  if (reader.decoding === 'dsnt') {
    return graph.node('MatMul', 'decoding/expectation', [flattened(graph, 'decoding', probabilities), table]);
  }
  const maps = flattened(graph, 'decoding', logits);
  const highest = graph.node('ArgMax', 'decoding/highest', [maps], { axis: 2, keepdims: 0 });
  return graph.node('Gather', 'decoding/places', [table, highest], { axis: 0 });
}

/** x and y of each cell, row by row, in pixels of the network's frame. */
function cellPlaces(reader: HeatmapReader, { height, width, size }: HeatmapExtent): number[] {
  const { decoding, grid } = reader;
  const place = (cell: number, cells: number) =>
    reader.toPixel(decoding === 'dsnt' ? toNormalized(cell, cells, grid) : cell, size, cells);
  return Array.from({ length: height * width }, (_, i) => [
    place(i % width, width),
    place(Math.floor(i / width), height),
  ]).flat();
}

/**
 * The angle of progression in degrees, atan2(|a×b|, a·b) with a = PS2 − PS1 and b = FH1 − PS1. ONNX has only the arc
 * tangent of one number, so that of |a×b| / |a·b| is mirrored where a·b is negative. NaN where a ray has no length.
 *
 * @param landmarks [N, 3, 2] in any unit
 * @returns [N]
 */
export function progressionAngle(graph: GraphBuilder, landmarks: ValueName): ValueName {
  const at = (name: string) => `angle/${name}`;
  const add = (operator: string, name: string, ...inputs: ValueName[]) => graph.node(operator, at(name), inputs);
  const point = (name: string, index: number) =>
    graph.node('Gather', at(name), [landmarks, graph.integers(at(`${name}/index`), [index], [])], { axis: 1 });
  const ps1 = point('ps1', 0);
  const a = add('Sub', 'a', point('ps2', 1), ps1);
  const b = add('Sub', 'b', point('fh1', 2), ps1);

  const lastAxis = graph.integers(at('last_axis'), [1]);
  const sum = (name: string, products: ValueName) =>
    graph.node('ReduceSum', at(name), [products, lastAxis], { keepdims: 0 });
  const dot = sum('dot', add('Mul', 'dot_products', a, b));
  const swapped = graph.node('Gather', at('b_y_x'), [b, graph.integers(at('y_x'), [1, 0])], { axis: 1 });
  const perpendicular = add('Mul', 'perpendicular', swapped, graph.floats(at('signs'), [1, -1]));
  const cross = sum('cross', add('Mul', 'cross_products', a, perpendicular));

  const ratio = add('Div', 'ratio', add('Abs', 'cross_size', cross), add('Abs', 'dot_size', dot));
  const degrees = graph.floats(at('degrees'), [180 / Math.PI], []);
  const acute = add('Mul', 'acute', add('Atan', 'radians', ratio), degrees);
  const obtuse = add('Sub', 'obtuse', graph.floats(at('straight'), [180], []), acute);
  const isObtuse = add('Less', 'is_obtuse', dot, graph.floats(at('zero'), [0], []));
  return add('Where', 'angle', isObtuse, obtuse, acute);
}

/** [N, K, h·w] of [N, K, h, w]. */
function flattened(graph: GraphBuilder, scope: string, maps: ValueName): ValueName {
  return graph.node('Reshape', `${scope}/flat`, [maps, graph.integers(`${scope}/flat_shape`, [0, 0, -1])]);
}
