/** x = [N, H, W, C] read bilinearly where row-major 2×3 matrices lead from each pixel of [h, w]; 0 outside. */
export function sampleAffineReference(
  x: ArrayLike<number>,
  [images, height, width, channels]: readonly number[],
  matrices: ArrayLike<number>,
  [outHeight, outWidth]: readonly number[],
): Float64Array {
  const y = new Float64Array(images * outHeight * outWidth * channels);
  const pixel = (n: number, i: number, j: number, c: number) =>
    i >= 0 && j >= 0 && i < height && j < width ? x[((n * height + i) * width + j) * channels + c] : 0;
  let at = 0;
  for (let n = 0; n < images; n++) {
    const m = (k: number) => matrices[6 * n + k];
    for (let i = 0; i < outHeight; i++) {
      for (let j = 0; j < outWidth; j++) {
        const u = m(0) * j + m(1) * i + m(2);
        const v = m(3) * j + m(4) * i + m(5);
        const [left, top] = [Math.floor(u), Math.floor(v)];
        for (let c = 0; c < channels; c++, at++) {
          for (const [row, rowWeight] of [[top, top + 1 - v] as const, [top + 1, v - top] as const]) {
            y[at] += rowWeight * (left + 1 - u) * pixel(n, row, left, c);
            y[at] += rowWeight * (u - left) * pixel(n, row, left + 1, c);
          }
        }
      }
    }
  }
  return y;
}
