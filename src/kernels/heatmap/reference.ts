import type { CoordinateGrid } from '../expectation2d/coordinate-grid.js';
import { coordinateReference } from '../expectation2d/reference.js';

/** exp(−d²/2σ²) around each of the points [N, K, 2] (x, y), as [N, H, W, K]; divided by its sum if normalized. */
export function gaussianHeatmapReference(
  points: ArrayLike<number>,
  [images, channels]: readonly number[],
  options: {
    readonly size: readonly [number, number];
    readonly sigma: readonly [number, number];
    readonly grid: CoordinateGrid;
    readonly normalized?: boolean;
  },
): Float64Array {
  const { size, sigma, grid, normalized } = options;
  const [height, width] = size;
  const heatmap = new Float64Array(images * height * width * channels);
  const index = (n: number, i: number, j: number, k: number) => ((n * height + i) * width + j) * channels + k;
  for (let n = 0; n < images; n++) {
    for (let k = 0; k < channels; k++) {
      const x = points[(n * channels + k) * 2];
      const y = points[(n * channels + k) * 2 + 1];
      let sum = 0;
      for (let i = 0; i < height; i++) {
        for (let j = 0; j < width; j++) {
          const dx = ((coordinateReference(grid, j, width) - x) * width) / 2 / sigma[1];
          const dy = ((coordinateReference(grid, i, height) - y) * height) / 2 / sigma[0];
          heatmap[index(n, i, j, k)] = Math.exp(-(dx * dx + dy * dy) / 2);
          sum += heatmap[index(n, i, j, k)];
        }
      }
      if (!normalized) continue;
      for (let i = 0; i < height; i++) for (let j = 0; j < width; j++) heatmap[index(n, i, j, k)] /= sum;
    }
  }
  return heatmap;
}
