import { MultiBar, type SingleBar } from 'cli-progress';

/** Where progress is written, such as `process.stderr`. */
export type ProgressStream = NodeJS.WritableStream & { readonly isTTY?: boolean };

export interface TrainingProgressOptions {
  readonly stream: ProgressStream;
  /** Epochs of the whole run. */
  readonly epochs: number;
  /** Training steps per epoch. */
  readonly stepsPerEpoch: number;
  /** Epochs that a resumed run has behind it. */
  readonly epochsDone?: number;
  /** Steps of the next epoch that it has behind it. */
  readonly stepsDone?: number;
  /** Milliseconds of a clock that never goes back. */
  readonly now?: () => number;
}

export interface EpochResult {
  readonly trainingLoss: number;
  /** The part of a loss above the least value that it can take for its targets: what is left to learn. */
  readonly trainingExcess: number;
  readonly validationLoss: number;
  readonly validationExcess: number;
  /** Mean Euclidean distance on the validation set, px of a 512 px frame. */
  readonly apd: number;
  readonly learningRate: number;
  /** Whether no epoch before was better. */
  readonly best: boolean;
  /** The distance that predicting the mean position of the training landmarks scores. */
  readonly meanApd: number;
}

/**
 * Tells how a training run goes. On a terminal: a bar over the whole run with loss, validation distance, speed and the
 * time left, and a line above it for every epoch. Anywhere else (a file, a pipe): the lines alone, without control
 * characters.
 */
export class TrainingProgress {
  private readonly stream: ProgressStream;
  private readonly epochs: number;
  private readonly stepsPerEpoch: number;
  private readonly now: () => number;
  private readonly bars: MultiBar | undefined;
  private readonly bar: SingleBar | undefined;
  private readonly startedAt: number;
  private readonly stepsBefore: number;
  private epoch: number;
  private steps = 0;
  private epochStartedAt: number;
  private epochImages = 0;
  private imagesPerSecond = 0;
  private loss = '';
  private apd = '';

  constructor({ stream, epochs, stepsPerEpoch, epochsDone = 0, stepsDone = 0, now }: TrainingProgressOptions) {
    this.stream = stream;
    this.epochs = epochs;
    this.stepsPerEpoch = stepsPerEpoch;
    this.epoch = epochsDone;
    this.stepsBefore = epochsDone * stepsPerEpoch + stepsDone;
    this.now = now ?? (() => performance.now());
    this.startedAt = this.now();
    this.epochStartedAt = this.startedAt;
    if (stream.isTTY === true) {
      this.bars = new MultiBar({
        stream,
        format: 'epoch {epoch}/{epochs} {bar} {percentage}%{loss}{apd}{speed}{left}',
        barCompleteChar: '█',
        barIncompleteChar: '░',
        barsize: 20,
        clearOnComplete: true,
      });
      this.bar = this.bars.create(epochs * stepsPerEpoch, this.stepsBefore, this.payload());
    }
  }

  /** The next epoch begins: its images are counted from here. */
  startEpoch(): void {
    this.epoch += 1;
    this.epochImages = 0;
    this.epochStartedAt = this.now();
  }

  /** A training step is done. `loss` is left out where it was not read back from the device. */
  step({ images, loss, excess }: { readonly images: number; readonly loss?: number; readonly excess?: number }): void {
    this.steps += 1;
    this.epochImages += images;
    this.imagesPerSecond = (1000 * this.epochImages) / Math.max(this.now() - this.epochStartedAt, 1e-3);
    if (loss !== undefined && excess !== undefined) this.loss = describeLoss(loss, excess);
    this.bar?.increment(1, this.payload());
  }

  /** The epoch has been validated. */
  endEpoch(result: EpochResult): void {
    const { trainingLoss, trainingExcess, validationLoss, validationExcess, apd, learningRate } = result;
    this.apd = `${apd.toFixed(2)} px`;
    const parts = [
      `epoch ${this.epoch}/${this.epochs}`,
      `loss ${describeLoss(trainingLoss, trainingExcess)}`,
      `validation ${describeLoss(validationLoss, validationExcess)}`,
      `APD ${this.apd}`,
      `learning rate ${learningRate.toExponential(2)}`,
      // Of an epoch whose only step was a process's first, which is not timed, there is no speed.
      ...(this.epochImages === 0 ? [] : [`${this.imagesPerSecond.toPrecision(3)} images/s`]),
    ];
    const line = `${parts.join('  ')}${remark(result)}\n`;
    if (this.bars === undefined) {
      this.stream.write(line);
    } else {
      this.bars.log(line);
      this.bar?.update(this.payload());
    }
  }

  /**
   * Removes the bar and leaves the lines. To be called also when a run fails: until then a timer keeps the process
   * alive.
   */
  stop(): void {
    this.bars?.update();
    this.bars?.stop();
  }

  private payload(): Record<string, string | number> {
    return {
      epoch: Math.max(this.epoch, 1),
      epochs: this.epochs,
      loss: this.loss && `  loss ${this.loss}`,
      apd: this.apd && `  APD ${this.apd}`,
      speed: this.steps === 0 ? '' : `  ${this.imagesPerSecond.toPrecision(3)} images/s`,
      left: this.steps === 0 ? '' : `  ${duration(this.millisecondsLeft())} left`,
    };
  }

  /** As long per step as so far, validation included. */
  private millisecondsLeft(): number {
    const stepsLeft = this.epochs * this.stepsPerEpoch - this.stepsBefore - this.steps;
    return ((this.now() - this.startedAt) / this.steps) * Math.max(stepsLeft, 0);
  }
}

/** The best of epochs that are all worse than no model must not look like a success. */
function remark({ best, apd, meanApd }: EpochResult): string {
  if (!best) return '';
  return apd < meanApd
    ? '  best so far'
    : `  best so far, and no better than the mean position (${meanApd.toFixed(2)} px)`;
}

function describeLoss(loss: number, excess: number): string {
  // A loss that can fall to zero is its own excess.
  if (excess === loss) return significant(loss);
  return `${significant(loss)} (${excess < 0 ? '−' : '+'}${significant(Math.abs(excess))})`;
}

/** Four digits, and none behind the point that large numbers do not need. */
function significant(value: number): string {
  return Math.abs(value) >= 1000 ? value.toFixed(1) : value.toPrecision(4);
}

/** "2 h 05 min", "7 min 30 s" or "12 s". */
function duration(milliseconds: number): string {
  const seconds = Math.round(milliseconds / 1000);
  const minutes = Math.floor(seconds / 60);
  const two = (value: number) => String(value).padStart(2, '0');
  if (minutes >= 60) return `${Math.floor(minutes / 60)} h ${two(minutes % 60)} min`;
  return minutes > 0 ? `${minutes} min ${two(seconds % 60)} s` : `${seconds} s`;
}
