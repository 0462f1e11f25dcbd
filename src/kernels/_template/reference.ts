/** x / √(mean(x²) + eps) for each row of `channels` values, in float64. */
export function rmsNormReference(x: ArrayLike<number>, channels: number, eps: number): Float64Array {
  const y = Float64Array.from(x);
  for (let first = 0; first < y.length; first += channels) {
    const row = y.subarray(first, first + channels);
    const inverse = 1 / Math.sqrt(row.reduce((sum, value) => sum + value * value, 0) / channels + eps);
    for (let c = 0; c < channels; c++) row[c] *= inverse;
  }
  return y;
}
