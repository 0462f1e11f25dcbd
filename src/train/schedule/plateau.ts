/** A change of the learning rate smaller than this is not made: PyTorch's `eps`. */
const SMALLEST_CHANGE = 1e-8;

export interface PlateauOptions {
  /** Learning rate at the start. */
  readonly learningRate: number;
  /** What the learning rate is multiplied by, in (0, 1). */
  readonly factor: number;
  /** Epochs without improvement that are borne; the one after them lowers the learning rate. */
  readonly patience: number;
  /** Relative improvement that counts: a metric below `best · (1 − threshold)`. */
  readonly threshold: number;
  /** The learning rate never falls below this. */
  readonly minLearningRate: number;
}

/** Plain data, fit for a checkpoint. */
export interface PlateauState {
  readonly learningRate: number;
  /** null before the first epoch. */
  readonly best: number | null;
  readonly badEpochs: number;
}

/**
 * Lowers the learning rate when the metric (smaller is better) has stopped improving: `ReduceLROnPlateau` of PyTorch in
 * mode "min" with a relative threshold and no cooldown. A metric that is NaN does not improve.
 */
export class ReduceOnPlateau {
  private readonly options: PlateauOptions;
  private rate: number;
  private best = Number.POSITIVE_INFINITY;
  private badEpochs = 0;

  constructor(options: PlateauOptions) {
    this.options = options;
    this.rate = options.learningRate;
  }

  get learningRate(): number {
    return this.rate;
  }

  /** Takes the metric of the epoch that has ended and returns the learning rate of the next. */
  step(metric: number): number {
    const { factor, patience, threshold, minLearningRate } = this.options;
    if (metric < this.best * (1 - threshold)) {
      this.best = metric;
      this.badEpochs = 0;
    } else {
      this.badEpochs += 1;
    }
    if (this.badEpochs > patience) {
      const lowered = Math.max(this.rate * factor, minLearningRate);
      if (this.rate - lowered > SMALLEST_CHANGE) this.rate = lowered;
      this.badEpochs = 0;
    }
    return this.rate;
  }

  state(): PlateauState {
    return {
      learningRate: this.rate,
      best: this.best === Number.POSITIVE_INFINITY ? null : this.best,
      badEpochs: this.badEpochs,
    };
  }

  restore(state: PlateauState): void {
    this.rate = state.learningRate;
    this.best = state.best ?? Number.POSITIVE_INFINITY;
    this.badEpochs = state.badEpochs;
  }
}
