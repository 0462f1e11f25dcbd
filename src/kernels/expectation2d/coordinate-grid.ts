import { ShapeError } from '../../engine/index.js';
import * as kinds from '../../engine/kinds.js';
import { formatShape } from '../../engine/shape.js';

/**
 * Normalized coordinates of the n cells along an axis, from −1 to 1:
 * - `linspace`: n equidistant values, ends included, x_i = (2i − (n − 1)) / (n − 1); needs n ≥ 2.
 * - `pixel-centre`: centres of n cells that tile [−1, 1], x_i = (2i − (n − 1)) / n.
 */
export type CoordinateGrid = 'linspace' | 'pixel-centre';

export const coordinateGrid = kinds.oneOf('linspace', 'pixel-centre');

/**
 * The n in x_i = (2i − (size − 1)) / n, for [height, width].
 * @throws ShapeError for a linspace grid with a single cell along an axis, whose coordinate is undefined.
 */
export function gridDivisors(
  operation: string,
  grid: CoordinateGrid,
  size: readonly [height: number, width: number],
): [height: number, width: number] {
  const [height, width] = size;
  if (grid === 'pixel-centre') return [height, width];
  if (height < 2 || width < 2) {
    throw new ShapeError(
      `${operation}: a linspace grid needs at least 2 cells along each axis, the map is ${formatShape(size)}; ` +
        "use a larger map or grid: 'pixel-centre'.",
    );
  }
  return [height - 1, width - 1];
}
