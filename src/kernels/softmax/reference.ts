/**
 * log Σ-normalized x over the middle axis of [outer, reduce, inner]: x − log Σ exp(x). Softmax is its exponential.
 */
export function logSoftmaxReference(
  x: ArrayLike<number>,
  { outer, reduce, inner }: { outer: number; reduce: number; inner: number },
): Float64Array {
  const y = new Float64Array(x.length);
  for (let o = 0; o < outer; o++) {
    for (let i = 0; i < inner; i++) {
      const row = Array.from({ length: reduce }, (_, r) => (o * reduce + r) * inner + i);
      const highest = Math.max(...row.map((at) => x[at]));
      const logSum = Math.log(row.reduce((sum, at) => sum + Math.exp(x[at] - highest), 0));
      for (const at of row) y[at] = x[at] - highest - logSum;
    }
  }
  return y;
}
