/** Dropout in float64 under a given mask: x/(1 − p) where it keeps, else x·0, which is NaN for NaN and ±∞. */
export function dropoutReference(x: Float64Array, kept: readonly boolean[], p: number): Float64Array {
  return x.map((value, i) => (kept[i] ? value / (1 - p) : value * 0));
}
