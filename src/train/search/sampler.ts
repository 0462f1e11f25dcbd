import type { RandomStream } from '../philox.js';
import { axisOf } from './axis.js';
import type { Distribution, Distributions } from './distribution.js';
import type { Trial } from './trial.js';

/** Chooses the parameters of the next trial. */
export interface Sampler {
  /**
   * @param trials all other trials of the study, in any state
   * @param random the new trial's own stream
   * @returns internal values by name
   */
  suggest(distributions: Distributions, trials: readonly Trial[], random: RandomStream): Record<string, number>;
}

/** Every parameter uniformly on its range, or on the logarithm of its range, apart from the others. */
export class RandomSampler implements Sampler {
  suggest(distributions: Distributions, _trials: readonly Trial[], random: RandomStream): Record<string, number> {
    return Object.fromEntries(
      Object.entries(distributions).map(([name, distribution]) => [name, drawUniform(distribution, random)]),
    );
  }
}

function drawUniform(distribution: Distribution, random: RandomStream): number {
  if (distribution.type === 'categorical') return random.below(distribution.choices.length);
  const axis = axisOf(distribution);
  return axis.toValue(random.uniform(axis.low, axis.high));
}
