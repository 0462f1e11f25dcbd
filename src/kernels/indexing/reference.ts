// Indexing in float64 on arrays viewed as [outer, extent, inner].

interface Indexed {
  readonly outer: number;
  readonly inner: number;
}

/** x[o, index[o, k, i], i] for x of `extent` places, by the index of each element of the result. */
export function takeReference(x: Float64Array, extent: number, index: readonly number[], { outer, inner }: Indexed) {
  const picked = index.length / (outer * inner);
  return Float64Array.from(index, (own, at) => {
    const o = Math.floor(at / (picked * inner));
    return x[(o * extent + (own < 0 ? own + extent : own)) * inner + (at % inner)];
  });
}

/** Sums of source[o, k, i] at index[o, k, i], for a result of `extent` places. */
export function scatterReference(
  source: Float64Array,
  extent: number,
  index: readonly number[],
  { outer, inner }: Indexed,
) {
  const picked = index.length / (outer * inner);
  const result = new Float64Array(outer * extent * inner);
  for (const [at, own] of index.entries()) {
    const o = Math.floor(at / (picked * inner));
    result[(o * extent + (own < 0 ? own + extent : own)) * inner + (at % inner)] += source[at];
  }
  return result;
}

/** The order of a list's values: equal ones as they stand, NaN largest. */
export function argsortReference(values: readonly number[], descending: boolean): number[] {
  const rank = (value: number) => (Number.isNaN(value) ? Number.POSITIVE_INFINITY : value);
  const compare = (a: number, b: number) => {
    const [p, q] = [values[a], values[b]];
    if (Number.isNaN(p) !== Number.isNaN(q)) return Number.isNaN(p) ? 1 : -1;
    return rank(p) < rank(q) ? -1 : rank(p) > rank(q) ? 1 : 0;
  };
  const sign = descending ? -1 : 1;
  return values.map((_, i) => i).sort((a, b) => sign * compare(a, b) || a - b);
}
