import { add, mean, mul, sqrt, square, sub, sum, type Tensor } from '../../index.js';
import { fromNormalized, type HeatmapReader } from '../../model/index.js';

/**
 * The mean Euclidean distance of decoded points from their targets, within a program: px of a 512 px frame.
 *
 * For every decoding, a pixel is a linear function of what was read, and also of a target.
 *
 * @param points [N, K, 2], as `reader.points` reads them from heatmaps of `cells` × `cells`.
 * @param targets [N, K, 2], normalized coordinates of the reader's grid.
 * @param size Pixels along a side of the frames.
 * @returns a scalar
 */
export function meanDistance(
  reader: HeatmapReader,
  points: Tensor,
  cells: number,
  targets: Tensor,
  size: number,
): Tensor {
  const apart = sub(
    inPixels(points, (value) => reader.toPixel(value, size, cells)),
    inPixels(targets, (value) => fromNormalized(value, size, reader.grid)),
  );
  return mul(mean(sqrt(sum(square(apart), { axes: [2] }))), 512 / size);
}

/** @param map Linear, so that its values at 0 and 1 say all. */
function inPixels(values: Tensor, map: (value: number) => number): Tensor {
  const origin = map(0);
  return add(mul(values, map(1) - origin), origin);
}
