/** (column, row) of the largest value of each map of x = [N, H, W, K], the first of equal ones, as [N, K, 2]. */
export function peak2dReference(
  x: ArrayLike<number>,
  [images, height, width, channels]: readonly number[],
): Float64Array {
  const peaks = new Float64Array(images * channels * 2);
  for (let n = 0; n < images; n++) {
    for (let k = 0; k < channels; k++) {
      const value = (cell: number) => x[(n * height * width + cell) * channels + k];
      let best = 0;
      for (let cell = 1; cell < height * width; cell++) if (value(cell) > value(best)) best = cell;
      peaks.set([best % width, Math.floor(best / width)], (n * channels + k) * 2);
    }
  }
  return peaks;
}
