/**
 * p-values adjusted for several comparisons (Holm 1979): the smallest is multiplied by their number, the next by one
 * less, and so on, but none becomes smaller than one before it nor greater than 1. An adjusted value below α rejects
 * its hypothesis while the chance of any false rejection stays below α.
 */
export function holmAdjusted(pValues: readonly number[]): number[] {
  const order = pValues.map((_, i) => i).sort((a, b) => pValues[a] - pValues[b]);
  const adjusted = new Array<number>(pValues.length);
  let least = 0;
  for (const [place, i] of order.entries()) {
    least = Math.min(1, Math.max(least, pValues[i] * (pValues.length - place)));
    adjusted[i] = least;
  }
  return adjusted;
}
