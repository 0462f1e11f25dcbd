import { mean } from '../metrics/index.js';

/** The share of the frames that may be flagged, and how much worse than the others they have to be. */
const LEAST_FLAGGED = 0.05;
const MOST_FLAGGED = 0.2;
const CLEARLY_WORSE = 1.25;

/** Fewer frames say nothing about their worst twentieth. */
const ENOUGH = 20;

/**
 * The predicted error above which a frame is flagged for low confidence: the one split of the frames, of those that
 * flag a twentieth to a fifth of them, that explains most of the variance of the actual errors (the first split of a
 * regression tree).
 *
 * @param predicted Predicted error of each frame. @param actual Mean distance from the truth.
 * @returns null where the frames above it are not clearly worse, by a quarter at least: a flag would say nothing then;
 *   or for fewer than twenty frames
 */
export function fitThreshold(predicted: readonly number[], actual: readonly number[]): number | null {
  const count = predicted.length;
  if (count < ENOUGH) return null;
  const order = predicted.map((_, i) => i).sort((a, b) => predicted[b] - predicted[a]);
  const sorted = order.map((i) => actual[i]);
  let best: { flagged: number; gain: number } | undefined;
  for (let flagged = Math.ceil(LEAST_FLAGGED * count); flagged <= Math.floor(MOST_FLAGGED * count); flagged++) {
    // Frames of the same predicted error cannot be told apart.
    if (predicted[order[flagged - 1]] === predicted[order[flagged]]) continue;
    const [above, below] = [mean(sorted.slice(0, flagged)), mean(sorted.slice(flagged))];
    if (!(above >= CLEARLY_WORSE * below)) continue;
    const gain = flagged * (count - flagged) * (above - below) ** 2;
    if (best === undefined || gain > best.gain) best = { flagged, gain };
  }
  if (best === undefined) return null;
  return (predicted[order[best.flagged - 1]] + predicted[order[best.flagged]]) / 2;
}
