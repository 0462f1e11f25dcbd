export interface StepDecayOptions {
  /** Learning rate at the start. */
  readonly learningRate: number;
  /** What the learning rate is multiplied by, in (0, 1). */
  readonly factor: number;
  /** Epochs between two changes. */
  readonly every: number;
}

/** Plain data, fit for a checkpoint. */
export interface StepDecayState {
  readonly epochs: number;
}

/** Lowers the learning rate after every so many epochs, whatever the metric does: `StepLR` of PyTorch. */
export class StepDecay {
  private readonly options: StepDecayOptions;
  private epochs = 0;

  constructor(options: StepDecayOptions) {
    this.options = options;
  }

  get learningRate(): number {
    const { learningRate, factor, every } = this.options;
    return learningRate * factor ** Math.floor(this.epochs / every);
  }

  /** An epoch has ended. @returns the learning rate of the next */
  step(): number {
    this.epochs += 1;
    return this.learningRate;
  }

  state(): StepDecayState {
    return { epochs: this.epochs };
  }

  restore({ epochs }: StepDecayState): void {
    this.epochs = epochs;
  }
}
