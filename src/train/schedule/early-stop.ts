/** Plain data, fit for a checkpoint. */
export interface EarlyStopState {
  /** null before the first epoch that gave a number. */
  readonly best: number | null;
  readonly badEpochs: number;
}

/**
 * Watches the metric by which a model is selected (smaller is better): says which epoch is the best so far, and when
 * `patience` epochs have gone by without a better one. Patience null never stops. A metric that is NaN is never the
 * best.
 */
export class EarlyStop {
  private readonly patience: number | null;
  private best = Number.POSITIVE_INFINITY;
  private badEpochs = 0;

  constructor(patience: number | null) {
    this.patience = patience;
  }

  /** Takes the metric of the epoch that has ended. */
  step(metric: number): { readonly improved: boolean; readonly stop: boolean } {
    const improved = metric < this.best;
    if (improved) this.best = metric;
    this.badEpochs = improved ? 0 : this.badEpochs + 1;
    return { improved, stop: this.exhausted };
  }

  /** Whether as many epochs have gone by without a better one as are borne. */
  get exhausted(): boolean {
    return this.patience !== null && this.badEpochs >= this.patience;
  }

  state(): EarlyStopState {
    return { best: this.best === Number.POSITIVE_INFINITY ? null : this.best, badEpochs: this.badEpochs };
  }

  restore(state: EarlyStopState): void {
    this.best = state.best ?? Number.POSITIVE_INFINITY;
    this.badEpochs = state.badEpochs;
  }
}
