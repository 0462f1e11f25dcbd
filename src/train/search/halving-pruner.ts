import type { Pruner, PruningDecision } from './pruner.js';
import { lastReport, type Trial } from './trial.js';

export interface HalvingPrunerOptions {
  /** Steps before the first decision; "auto": a hundredth of those of the longest complete trial, and 1 at least. */
  readonly minResource?: number | 'auto';
  /** One trial in so many goes on at each rung. */
  readonly reductionFactor?: number;
  /** Rungs to leave out at the start. */
  readonly minEarlyStoppingRate?: number;
  /** Trials that must have reached a rung before any may pass it. */
  readonly bootstrapCount?: number;
}

/**
 * Asynchronous successive halving (Li et al., "A system for massively parallel hyperparameter tuning", 2020): a trial
 * that reaches rung k, after minResource·reductionFactor^(minEarlyStoppingRate + k) steps, goes on only if it is among
 * the best 1/reductionFactor of those that have reached it. Trials are not paused, so the first few pass where they are
 * the best so far. Options and defaults are those of Optuna's SuccessiveHalvingPruner, and so are the attributes that
 * it leaves.
 */
export class HalvingPruner implements Pruner {
  readonly #options: Required<HalvingPrunerOptions>;

  constructor({
    minResource = 'auto',
    reductionFactor = 4,
    minEarlyStoppingRate = 0,
    bootstrapCount = 0,
  }: HalvingPrunerOptions = {}) {
    this.#options = { minResource, reductionFactor, minEarlyStoppingRate, bootstrapCount };
  }

  decide(trial: Trial, trials: readonly Trial[]): PruningDecision {
    const { reductionFactor, minEarlyStoppingRate, bootstrapCount } = this.#options;
    const report = lastReport(trial);
    const minResource = this.#minResource(trials);
    if (report === undefined || minResource === undefined) return { prune: false };
    const systemAttributes: Record<string, number> = {};
    let rung = 0;
    while (rungKey(rung) in trial.systemAttributes) rung += 1;
    for (; report.step >= minResource * reductionFactor ** (minEarlyStoppingRate + rung); rung++) {
      if (Number.isNaN(report.value)) return { prune: true, systemAttributes };
      systemAttributes[rungKey(rung)] = report.value;
      const rivals = trials
        .filter(({ id }) => id !== trial.id)
        .map((other) => other.systemAttributes[rungKey(rung)])
        .filter((value) => typeof value === 'number');
      rivals.push(report.value);
      if (rivals.length <= bootstrapCount) return { prune: true, systemAttributes };
      rivals.sort((a, b) => a - b);
      const places = Math.max(Math.floor(rivals.length / reductionFactor), 1);
      if (report.value > rivals[places - 1]) return { prune: true, systemAttributes };
    }
    return { prune: false, systemAttributes };
  }

  #minResource(trials: readonly Trial[]): number | undefined {
    const { minResource } = this.#options;
    if (minResource !== 'auto') return minResource;
    const complete = trials.filter(({ state }) => state === 'complete');
    const steps = complete.flatMap((trial) => lastReport(trial)?.step ?? []);
    return steps.length === 0 ? undefined : Math.max(Math.floor(Math.max(...steps) / 100), 1);
  }
}

function rungKey(rung: number): string {
  return `completed_rung_${rung}`;
}
