import { type FeatureDistribution, frameDistance } from '../../model/index.js';
import { mean } from '../metrics/index.js';

/** Fewer frames say nothing about how features are spread. */
const ENOUGH = 10;

/** Share of the frames of the known kind that may be taken for another. */
const FALSE_ALARMS = 0.025;

/** Added to each variance, as a share of the mean one: a channel that is still on a few frames is no proof for all. */
const SHRINKAGE = 0.01;

/** Significant digits kept: the features themselves have about seven. */
const DIGITS = 6;

/**
 * Describes the frames that a model knows by the features of some that it was not trained on. The threshold is
 * conformal: of each frame the distance from the distribution of the others is taken, and of these the one that a
 * further frame of the same kind exceeds with a probability of at most a fortieth, or of one in n + 1 for less than 39
 * frames.
 *
 * @param features Of each frame, as `FramePrediction` has them
 * @returns undefined for fewer than ten frames, or where all are alike
 */
export function fitFeatures(features: readonly ArrayLike<number>[]): FeatureDistribution | undefined {
  const count = features.length;
  if (count < ENOUGH) return undefined;
  const whole = distributionOf(features);
  if (whole === undefined) return undefined;
  const distances = features.map((own, i) => {
    const others = distributionOf(features.filter((_, k) => k !== i));
    return others === undefined ? 0 : frameDistance(own, others);
  });
  distances.sort((a, b) => a - b);
  const rank = Math.min(count, Math.ceil((1 - FALSE_ALARMS) * (count + 1)));
  return {
    mean: whole.mean.map(rounded),
    variance: whole.variance.map(rounded),
    threshold: rounded(distances[rank - 1]),
  };
}

function distributionOf(features: readonly ArrayLike<number>[]): { mean: number[]; variance: number[] } | undefined {
  const channels = Array.from(features[0], (_, channel) => features.map((own) => own[channel]));
  const means = channels.map(mean);
  const variances = channels.map((own, channel) => {
    const squares = own.reduce((sum, value) => sum + (value - means[channel]) ** 2, 0);
    return squares / (own.length - 1);
  });
  const least = SHRINKAGE * mean(variances);
  return least > 0 ? { mean: means, variance: variances.map((variance) => variance + least) } : undefined;
}

function rounded(value: number): number {
  return Number(value.toPrecision(DIGITS));
}
