/** Running sums along the middle axis of x [outer, extent, inner], in float64. */
export function cumsumReference(x: Float64Array, extent: number, inner: number, reverse: boolean): Float64Array {
  const y = x.slice();
  const step = reverse ? -inner : inner;
  for (let first = 0; first < y.length; first += extent * inner) {
    for (let i = 0; i < inner; i++) {
      const start = first + i + (reverse ? (extent - 1) * inner : 0);
      for (let k = 1; k < extent; k++) y[start + k * step] += y[start + (k - 1) * step];
    }
  }
  return y;
}
