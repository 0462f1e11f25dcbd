/**
 * The distribution of the features of the frames that a model knows: a normal distribution of each channel, independent
 * of the others. A full covariance would need more frames than channels.
 */
export interface FeatureDistribution {
  readonly mean: readonly number[];
  /** Standard deviation of each channel, above zero. */
  readonly variance: readonly number[];
  /** Distance above which a frame is of another kind. */
  readonly threshold: number;
}

/** The distance of a frame from those that a model knows. */
export interface FrameDistance {
  /** See `frameDistance`. */
  readonly value: number;
  /** Above it the frame is in doubt. */
  readonly threshold: number;
}

/**
 * Mahalanobis distance of a frame's features under a diagonal covariance, by the root of the number of channels: the
 * root mean square of the channels' standard scores, about 1 for a frame like those of the distribution.
 *
 * @throws RangeError where the distribution is of another number of channels, and so of another network
 */
export function frameDistance(
  features: ArrayLike<number>,
  { mean, variance }: Pick<FeatureDistribution, 'mean' | 'variance'>,
): number {
  if (features.length !== mean.length) {
    throw new RangeError(
      `The calibration describes ${mean.length} features and the network has ${features.length}; it belongs to another network, calibrate again.`,
    );
  }
  let sum = 0;
  for (let i = 0; i < mean.length; i++) sum += (features[i] - mean[i]) ** 2 / variance[i];
  return Math.sqrt(sum / mean.length);
}
