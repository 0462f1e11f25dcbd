import type { RandomStream } from '../philox.js';
import type { Distributions } from './distribution.js';
import { ParzenEstimator, type ParzenOptions } from './parzen-estimator.js';
import { RandomSampler, type Sampler } from './sampler.js';
import { lastReport, type Trial } from './trial.js';

/** Names are those of Optuna's TPESampler, and defaults those of its version 5. */
export interface TpeOptions {
  /** Finished trials before which parameters are drawn at random. */
  readonly startupTrials?: number;
  /** Draws of which the most promising is taken. */
  readonly candidates?: number;
  /** How many of `count` finished trials make up the good ones. */
  readonly gamma?: (count: number) => number;
  /** Weights of `count` observations, from the oldest to the newest. */
  readonly weights?: (count: number) => readonly number[];
  readonly priorWeight?: number;
  readonly considerMagicClip?: boolean;
  readonly considerEndpoints?: boolean;
  /** Estimate all parameters jointly instead of one by one, as Optuna did before version 5. */
  readonly multivariate?: boolean;
  /**
   * Count running trials among the bad ones, so that parallel workers keep apart. Makes no difference to a single one.
   */
  readonly constantLiar?: boolean;
}

/**
 * Tree-structured Parzen estimator (Bergstra et al., "Algorithms for hyper-parameter optimization", 2011): models the
 * parameters of good trials and those of the others as densities ℓ and g, draws from ℓ, and takes the draw with the
 * largest ℓ/g, which is the one of the largest expected improvement. Unfinished trials are treated as Optuna does.
 */
export class TpeSampler implements Sampler {
  readonly #options: Required<TpeOptions>;
  readonly #startup = new RandomSampler();

  constructor({
    startupTrials = 10,
    candidates = 24,
    gamma = defaultGamma,
    weights = defaultWeights,
    priorWeight = 1,
    considerMagicClip = true,
    considerEndpoints = false,
    multivariate = true,
    constantLiar = true,
  }: TpeOptions = {}) {
    this.#options = {
      startupTrials,
      candidates,
      gamma,
      weights,
      priorWeight,
      considerMagicClip,
      considerEndpoints,
      multivariate,
      constantLiar,
    };
  }

  suggest(distributions: Distributions, trials: readonly Trial[], random: RandomStream): Record<string, number> {
    const { startupTrials, multivariate, gamma, constantLiar } = this.#options;
    const finished = trials.filter(({ state }) => state === 'complete' || state === 'pruned');
    if (finished.length < startupTrials) return this.#startup.suggest(distributions, trials, random);
    const good = new Set(rankTrials(finished).slice(0, gamma(finished.length)));
    // In the order of the trials, by which weights go.
    const below = trials.filter((trial) => good.has(trial));
    const running = (trial: Trial) => constantLiar && trial.state === 'running';
    const above = trials.filter((trial) => !good.has(trial) && (finished.includes(trial) || running(trial)));
    if (multivariate) return this.#improve(distributions, below, above, random);
    return Object.assign(
      {},
      ...Object.entries(distributions).map(([name, distribution]) =>
        this.#improve({ [name]: distribution }, below, above, random),
      ),
    );
  }

  /** Draws from the density of good trials and returns the draw with the highest ratio of good to other trials. */
  #improve(
    distributions: Distributions,
    below: readonly Trial[],
    above: readonly Trial[],
    random: RandomStream,
  ): Record<string, number> {
    const good = this.#estimate(distributions, below);
    const bad = this.#estimate(distributions, above);
    let best: Record<string, number> = {};
    let largest = Number.NEGATIVE_INFINITY;
    for (let i = 0; i < this.#options.candidates; i++) {
      const candidate = good.draw(random);
      const ratio = good.logDensity(candidate) - bad.logDensity(candidate);
      if (i === 0 || ratio > largest) [best, largest] = [candidate, ratio];
    }
    return best;
  }

  #estimate(distributions: Distributions, trials: readonly Trial[]): ParzenEstimator {
    const { weights, priorWeight, considerMagicClip, considerEndpoints } = this.#options;
    const names = Object.keys(distributions);
    const options: ParzenOptions = {
      weights,
      priorWeight,
      magicClip: considerMagicClip,
      endpoints: considerEndpoints,
    };
    const observations = trials.map(({ internals }) => internals);
    return new ParzenEstimator(
      distributions,
      observations.filter((internals) => names.every((name) => name in internals)),
      options,
    );
  }
}

/** A tenth of the trials, and 25 at most. */
export function defaultGamma(count: number): number {
  return Math.min(Math.ceil(0.1 * count), 25);
}

/** The newest 25 count fully; older ones less and less, down to 1/count for the oldest. */
export function defaultWeights(count: number): number[] {
  const old = Math.max(count - 25, 0);
  return Array.from({ length: count }, (_, i) => {
    if (i >= old) return 1;
    return old === 1 ? 1 / count : 1 / count + ((1 - 1 / count) * i) / (old - 1);
  });
}

/**
 * Finished trials from the best to the worst: complete ones by their value; then pruned ones, those that got further
 * first, and by the value they reported last; last those pruned without a report.
 */
export function rankTrials(trials: readonly Trial[]): Trial[] {
  const key = (trial: Trial): readonly [number, number, number] => {
    if (trial.state === 'complete') return [0, 0, trial.value ?? Number.POSITIVE_INFINITY];
    const report = lastReport(trial);
    if (report === undefined) return [2, 0, 0];
    return [1, -report.step, Number.isNaN(report.value) ? Number.POSITIVE_INFINITY : report.value];
  };
  const keyed = trials.map((trial) => ({ trial, key: key(trial) }));
  keyed.sort(({ key: a }, { key: b }) => {
    const differing = a.findIndex((part, i) => part !== b[i]);
    // Not a difference, which is NaN between infinities.
    return differing < 0 ? 0 : a[differing] < b[differing] ? -1 : 1;
  });
  return keyed.map(({ trial }) => trial);
}
