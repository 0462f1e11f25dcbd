import type { RandomStream } from '../philox.js';
import type { Distributions } from './distribution.js';
import { type KernelOptions, type Kernels, kernelsOf } from './kernels.js';

export interface ParzenOptions extends KernelOptions {
  /** Weights of `count` observations, from the oldest to the newest. */
  readonly weights: (count: number) => readonly number[];
}

/**
 * Estimates the density from which parameters were drawn: a mixture with one component for each observation and one for
 * the prior, each the product of a distribution per parameter. Bergstra et al., "Algorithms for hyper-parameter
 * optimization", 2011, and "Making a science of model search", 2013; widths and weights as documented by Optuna.
 */
export class ParzenEstimator {
  readonly #names: readonly string[];
  readonly #kernels: readonly Kernels[];
  readonly #weights: readonly number[];
  readonly #logWeights: readonly number[];

  /** @param observations internal values by name, from the oldest to the newest */
  constructor(
    distributions: Distributions,
    observations: readonly Readonly<Record<string, number>>[],
    options: ParzenOptions,
  ) {
    this.#names = Object.keys(distributions);
    this.#kernels = this.#names.map((name) =>
      kernelsOf(
        distributions[name],
        observations.map((observation) => observation[name]),
        options,
      ),
    );
    const weights = [...options.weights(observations.length), options.priorWeight];
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    this.#weights = weights.map((weight) => weight / total);
    this.#logWeights = this.#weights.map(Math.log);
  }

  /** Draws internal values by name. */
  draw(random: RandomStream): Record<string, number> {
    const component = this.#drawComponent(random);
    return Object.fromEntries(this.#names.map((name, i) => [name, this.#kernels[i].draw(component, random)]));
  }

  /** Logarithm of the density at internal values. */
  logDensity(internals: Readonly<Record<string, number>>): number {
    const values = this.#names.map((name) => internals[name]);
    return logSumExp(
      this.#logWeights.map((logWeight, component) =>
        values.reduce((sum, value, i) => sum + this.#kernels[i].logDensity(component, value), logWeight),
      ),
    );
  }

  #drawComponent(random: RandomStream): number {
    let left = random.uniform(0, 1);
    for (const [component, weight] of this.#weights.entries()) {
      left -= weight;
      if (left < 0) return component;
    }
    return this.#weights.length - 1;
  }
}

function logSumExp(logs: readonly number[]): number {
  const largest = logs.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  if (largest === Number.NEGATIVE_INFINITY) return largest;
  return largest + Math.log(logs.reduce((sum, log) => sum + Math.exp(log - largest), 0));
}
