export interface GroupNormReference {
  readonly groups: number;
  readonly eps: number;
}

/** Group normalization of x [samples, …, channels], in float64: (x − mean) / √(variance + eps) · weight + bias. */
export function groupNormReference(
  [x, weight, bias]: readonly ArrayLike<number>[],
  samples: number,
  { groups, eps }: GroupNormReference,
): Float64Array {
  const channels = weight.length;
  const width = channels / groups;
  const y = new Float64Array(x.length);
  const perSample = x.length / samples;
  for (let sample = 0; sample < samples; sample++) {
    for (let group = 0; group < groups; group++) {
      const members = Array.from({ length: (perSample / channels) * width }, (_, i) => {
        return sample * perSample + Math.floor(i / width) * channels + group * width + (i % width);
      });
      const mean = members.reduce((sum, i) => sum + x[i], 0) / members.length;
      const variance = members.reduce((sum, i) => sum + (x[i] - mean) ** 2, 0) / members.length;
      for (const i of members) {
        y[i] = ((x[i] - mean) / Math.sqrt(variance + eps)) * weight[i % channels] + bias[i % channels];
      }
    }
  }
  return y;
}
