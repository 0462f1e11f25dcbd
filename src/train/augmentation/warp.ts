import type { Affine } from './affine.js';

/**
 * Moves a size×size frame: each pixel of the result is read, bilinearly, where `inverse` says that it came from.
 * Outside the frame all is 0, so that greys fade out over the pixel beyond its outermost centres. Whole-pixel moves and
 * flips are exact. Returns a new array.
 */
export function warp(pixels: Float32Array, size: number, inverse: Affine): Float32Array {
  // A border of one black pixel spares every tap its own check.
  const stride = size + 2;
  const padded = new Float32Array(stride * stride);
  for (let y = 0; y < size; y++) {
    padded.set(pixels.subarray(y * size, (y + 1) * size), (y + 1) * stride + 1);
  }
  const [xx, xy, tx, yx, yy, ty] = inverse;
  const result = new Float32Array(size * size);
  for (let y = 0; y < size; y++) {
    const rowX = xy * y + tx + 1;
    const rowY = yy * y + ty + 1;
    for (let x = 0; x < size; x++) {
      // Position in the padded frame. A product for each pixel, where adding up steps would drift.
      const u = xx * x + rowX;
      const v = yx * x + rowY;
      if (!(u >= 0 && v >= 0 && u < size + 1 && v < size + 1)) continue;
      const left = Math.trunc(u);
      const top = Math.trunc(v);
      const right = u - left;
      const down = v - top;
      const at = top * stride + left;
      const above = padded[at] + right * (padded[at + 1] - padded[at]);
      const below = padded[at + stride] + right * (padded[at + stride + 1] - padded[at + stride]);
      result[y * size + x] = above + down * (below - above);
    }
  }
  return result;
}
