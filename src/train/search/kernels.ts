import type { RandomStream } from '../philox.js';
import { axisOf } from './axis.js';
import type { CategoricalDistribution, Distribution, FloatDistribution, IntDistribution } from './distribution.js';
import { TruncatedNormal } from './truncated-normal.js';

/** The components of a Parzen estimator along one parameter: one for each observation, and the last for the prior. */
export interface Kernels {
  /** Draws an internal value from a component. */
  draw(component: number, random: RandomStream): number;
  /**
   * Logarithm of a component's probability of an internal value, or of its density: along the logarithm where the
   * parameter's range is logarithmic, which leaves ratios of densities as they are.
   */
  logDensity(component: number, internal: number): number;
}

export interface KernelOptions {
  /** Weight of the prior against one observation. */
  readonly priorWeight: number;
  /** Keep widths above a share of the range that falls with the number of components. */
  readonly magicClip: boolean;
  /** Let the ends of the range count as neighbours of the outermost observations. */
  readonly endpoints: boolean;
}

/** @param observations internal values */
export function kernelsOf(
  distribution: Distribution,
  observations: readonly number[],
  options: KernelOptions,
): Kernels {
  return distribution.type === 'categorical'
    ? categoricalKernels(distribution, observations, options)
    : numericKernels(distribution, observations, options);
}

/** Each observation favours its own choice; the prior favours none. */
function categoricalKernels(
  { choices }: CategoricalDistribution,
  observations: readonly number[],
  { priorWeight }: KernelOptions,
): Kernels {
  const components = observations.length + 1;
  const base = priorWeight / components;
  const favoured = (1 + base) / (1 + choices.length * base);
  const other = base / (1 + choices.length * base);
  const probability = (component: number, choice: number) => {
    if (component === observations.length) return 1 / choices.length;
    return choice === observations[component] ? favoured : other;
  };
  return {
    draw: (component, random) => {
      let left = random.uniform(0, 1);
      for (let choice = 0; choice < choices.length - 1; choice++) {
        left -= probability(component, choice);
        if (left < 0) return choice;
      }
      return choices.length - 1;
    },
    logDensity: (component, choice) => Math.log(probability(component, choice)),
  };
}

/** A truncated normal around each observation, and a wide one around the middle of the range as the prior. */
function numericKernels(
  distribution: FloatDistribution | IntDistribution,
  observations: readonly number[],
  options: KernelOptions,
): Kernels {
  const axis = axisOf(distribution);
  const { low, high } = axis;
  const means = observations.map(axis.toAxis);
  const widths = [...kernelWidths(means, low, high, options), high - low];
  const normals = [...means, (low + high) / 2].map((mean, i) => new TruncatedNormal(mean, widths[i], low, high));
  return {
    draw: (component, random) => axis.toValue(normals[component].quantile(random.uniform(0, 1))),
    logDensity: (component, internal) => {
      const cell = axis.cell(internal);
      return cell === undefined
        ? normals[component].logDensity(axis.toAxis(internal))
        : normals[component].logProbability(...cell);
    },
  };
}

/**
 * How wide the normal distribution around each observation is: the distance to the farther of its two neighbours
 * (Bergstra et al., "Algorithms for hyper-parameter optimization", 2011, section 4), within limits.
 *
 * @param means observations on the axis @param low lower end of the range @param high upper end
 */
export function kernelWidths(
  means: readonly number[],
  low: number,
  high: number,
  { magicClip, endpoints }: Omit<KernelOptions, 'priorWeight'>,
): number[] {
  const range = high - low;
  const components = means.length + 1;
  const least = magicClip ? range / Math.min(100, 1 + components) : 1e-12;
  const order = means.map((_, i) => i).sort((a, b) => means[a] - means[b]);
  const widths = new Array<number>(means.length);
  for (const [rank, i] of order.entries()) {
    const first = rank === 0;
    const last = rank === order.length - 1;
    const below = means[i] - (first ? low : means[order[rank - 1]]);
    const above = (last ? high : means[order[rank + 1]]) - means[i];
    // An end of the range is no observation: where there is one neighbour, it alone decides.
    const oneSided = !endpoints && first !== last;
    const width = oneSided ? (first ? above : below) : Math.max(below, above);
    widths[i] = Math.min(Math.max(width, least), range);
  }
  return widths;
}
