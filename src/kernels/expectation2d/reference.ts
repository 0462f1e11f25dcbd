import type { CoordinateGrid } from './coordinate-grid.js';

/** Coordinate of cell i of n, in [−1, 1]. */
export function coordinateReference(grid: CoordinateGrid, i: number, n: number): number {
  return grid === 'linspace' ? -1 + (2 * i) / (n - 1) : (2 * i + 1) / n - 1;
}

/** (Σ p·x, Σ p·y) of each map of p = [N, H, W, K], as [N, K, 2]. */
export function expectation2dReference(
  p: ArrayLike<number>,
  [images, height, width, channels]: readonly number[],
  grid: CoordinateGrid,
): Float64Array {
  const out = new Float64Array(images * channels * 2);
  let at = 0;
  for (let n = 0; n < images; n++) {
    for (let i = 0; i < height; i++) {
      for (let j = 0; j < width; j++) {
        for (let k = 0; k < channels; k++, at++) {
          out[(n * channels + k) * 2] += p[at] * coordinateReference(grid, j, width);
          out[(n * channels + k) * 2 + 1] += p[at] * coordinateReference(grid, i, height);
        }
      }
    }
  }
  return out;
}
