import { lastReport, type Trial } from './trial.js';

export interface PruningDecision {
  readonly prune: boolean;
  /** To be kept with the trial, under names that Optuna's pruners use. */
  readonly systemAttributes?: Readonly<Record<string, number>>;
}

/** Says, after a trial has reported a value, whether to give it up. */
export interface Pruner {
  /** @param trial a running one @param trials all trials of its study */
  decide(trial: Trial, trials: readonly Trial[]): PruningDecision;
}

/** Lets every trial run to its end. */
export class NoPruner implements Pruner {
  decide(): PruningDecision {
    return { prune: false };
  }
}

export interface MedianPrunerOptions {
  /** Complete trials before which none is pruned. */
  readonly startupTrials?: number;
  /** No pruning before this step. */
  readonly warmupSteps?: number;
  /** Steps between two decisions, from the last warm-up step on. */
  readonly intervalSteps?: number;
  /** Complete trials that must have reported at the step. */
  readonly minTrials?: number;
}

/**
 * Gives up a trial whose best value so far is worse than the median of what complete trials reported at the same step.
 * Options and defaults are those of Optuna's MedianPruner.
 */
export class MedianPruner implements Pruner {
  readonly #options: Required<MedianPrunerOptions>;

  constructor({ startupTrials = 5, warmupSteps = 0, intervalSteps = 1, minTrials = 1 }: MedianPrunerOptions = {}) {
    this.#options = { startupTrials, warmupSteps, intervalSteps, minTrials };
  }

  decide(trial: Trial, trials: readonly Trial[]): PruningDecision {
    const { startupTrials, warmupSteps, minTrials } = this.#options;
    const report = lastReport(trial);
    const complete = trials.filter(({ state }) => state === 'complete');
    if (report === undefined || complete.length === 0 || complete.length < startupTrials) return { prune: false };
    if (report.step < warmupSteps || !this.#isFirstOfInterval(trial, report.step)) return { prune: false };
    const own = [...trial.intermediateValues.values()].filter((value) => !Number.isNaN(value));
    if (own.length === 0) return { prune: true };
    const others = complete.flatMap(({ intermediateValues }) => intermediateValues.get(report.step) ?? []);
    const numbers = others.filter((value) => !Number.isNaN(value));
    if (others.length < minTrials || numbers.length === 0) return { prune: false };
    return { prune: Math.min(...own) > median(numbers) };
  }

  /** Whether no step before this one belongs to its interval. */
  #isFirstOfInterval({ intermediateValues }: Trial, step: number): boolean {
    const { warmupSteps, intervalSteps } = this.#options;
    const start = Math.floor((step - warmupSteps) / intervalSteps) * intervalSteps + warmupSteps;
    return [...intermediateValues.keys()].every((other) => other === step || other < start);
  }
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  return (sorted[Math.floor(middle)] + sorted[Math.ceil(middle)]) / 2;
}
