/** Reduces a row-major array over `axes`, in float64, by folding values of each group in order. */
export function reduceReference(
  shape: readonly number[],
  values: Float64Array,
  axes: readonly number[],
  keepDims: boolean,
  fold: (group: number[]) => number,
): { shape: number[]; values: Float64Array } {
  const isReduced = shape.map((_, axis) => axes.includes(axis));
  const groups = new Map<string, number[]>();
  const index = shape.map(() => 0);
  for (const value of values) {
    const key = index.map((at, axis) => (isReduced[axis] ? 0 : at)).join(',');
    const group = groups.get(key);
    if (group) group.push(value);
    else groups.set(key, [value]);
    for (let axis = shape.length - 1; axis >= 0 && ++index[axis] === shape[axis]; axis--) index[axis] = 0;
  }
  const kept = shape.flatMap((extent, axis) => (!isReduced[axis] ? [extent] : keepDims ? [1] : []));
  return { shape: kept, values: Float64Array.from([...groups.values()].map(fold)) };
}

export const folds: Record<string, (group: number[]) => number> = {
  sum: (group) => group.reduce((a, b) => a + b, 0),
  mean: (group) => group.reduce((a, b) => a + b, 0) / group.length,
  max: (group) => Math.max(...group),
  sumOfSquares: (group) => group.reduce((a, b) => a + b * b, 0),
};
