/** Mean and biased variance of each channel of x = [rows, channels]. */
export function batchStatisticsReference(
  x: ArrayLike<number>,
  channels: number,
): { mean: Float64Array; variance: Float64Array } {
  const rows = x.length / channels;
  const mean = new Float64Array(channels);
  const variance = new Float64Array(channels);
  for (let i = 0; i < x.length; i++) mean[i % channels] += x[i] / rows;
  for (let i = 0; i < x.length; i++) variance[i % channels] += (x[i] - mean[i % channels]) ** 2 / rows;
  return { mean, variance };
}

/** y = (x − mean) / √(variance + eps) · weight + bias for x = [rows, channels], with an optional ReLU on top. */
export function normalizeReference(
  x: ArrayLike<number>,
  channel: {
    readonly weight: ArrayLike<number>;
    readonly bias: ArrayLike<number>;
    readonly mean: ArrayLike<number>;
    readonly variance: ArrayLike<number>;
  },
  { eps = 1e-5, relu = false }: { eps?: number; relu?: boolean } = {},
): Float64Array {
  const { weight, bias, mean, variance } = channel;
  return Float64Array.from(x, (value, i) => {
    const c = i % weight.length;
    const y = ((value - mean[c]) / Math.sqrt(variance[c] + eps)) * weight[c] + bias[c];
    return relu ? Math.max(y, 0) : y;
  });
}

/** Training mode: normalizes with the statistics of x itself. */
export function batchNormReference(
  x: ArrayLike<number>,
  weight: ArrayLike<number>,
  bias: ArrayLike<number>,
  options: { eps?: number; relu?: boolean } = {},
): Float64Array {
  return normalizeReference(x, { weight, bias, ...batchStatisticsReference(x, weight.length) }, options);
}

/** A running mean or variance after one step; the variance takes the unbiased estimate over `rows` values. */
export function runningReference(
  running: { readonly mean: ArrayLike<number>; readonly variance: ArrayLike<number> },
  batch: { readonly mean: ArrayLike<number>; readonly variance: ArrayLike<number> },
  rows: number,
  momentum = 0.1,
): { mean: Float64Array; variance: Float64Array } {
  const move = (from: ArrayLike<number>, to: ArrayLike<number>, scale: number): Float64Array =>
    Float64Array.from(from, (value, c) => (1 - momentum) * value + momentum * scale * to[c]);
  return {
    mean: move(running.mean, batch.mean, 1),
    variance: move(running.variance, batch.variance, rows / (rows - 1)),
  };
}
