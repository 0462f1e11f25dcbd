import type { CoordinateGrid } from '../kernels/index.js';

// Pixels are whole at pixel centres. The linspace grid puts −1 and 1 at the centres of the first and last pixel
// (paper: pixel p/(W−1)); the pixel-centre grid puts them at the frame's edges (dsntnn). Cells of a heatmap likewise.

/** A pixel along an axis of `size` pixels in normalized coordinates. */
export function toNormalized(pixel: number, size: number, grid: CoordinateGrid): number {
  return grid === 'linspace' ? (2 * pixel) / (size - 1) - 1 : (2 * pixel + 1) / size - 1;
}

/** A normalized coordinate in pixels along an axis of `size` pixels. */
export function fromNormalized(value: number, size: number, grid: CoordinateGrid): number {
  return grid === 'linspace' ? ((value + 1) / 2) * (size - 1) : ((value + 1) * size - 1) / 2;
}
