import { scaleTo512 } from '../../model/coordinates.js';
import type { TrainingPosition } from '../checkpoint/index.js';
import { apdOfMean } from '../metrics/index.js';
import { summarizeTrainingSet } from '../run-folder/training-set.js';
import { type EpochMetrics, TrainingError, type TrainingInput } from './training-input.js';

/**
 * Epochs after which a model that is no better than the mean position is reported: before, it may not have begun to
 * learn.
 */
const TELLING_EPOCHS = 3;

/**
 * Watches whether a network learns: whether it does better than before, or than predicting the mean position for every
 * frame.
 */
export class ProgressMonitor {
  /**
   * What predicting the mean position of the training landmarks scores on the validation frames, px of a 512 px frame.
   */
  readonly meanApd: number;

  constructor(
    private readonly input: Pick<TrainingInput, 'config' | 'events' | 'training' | 'validation'>,
    public state: TrainingPosition['progress'] = { leastApd: null, idleEpochs: 0 },
  ) {
    const truths = input.validation.map(({ landmarks, size }) => scaleTo512(landmarks, size));
    this.meanApd = apdOfMean(summarizeTrainingSet(input.training).meanLandmarks, truths);
  }

  /** Takes the validation APD of an epoch that has ended. */
  observe(apd: number): void {
    const { leastApd, idleEpochs } = this.state;
    const idle = apd >= this.meanApd && leastApd !== null && apd >= leastApd;
    this.state = { leastApd: Math.min(apd, leastApd ?? apd), idleEpochs: idle ? idleEpochs + 1 : 0 };
  }

  /**
   * @throws TrainingError after `divergencePatience` epochs in a row that were better neither than before nor than the
   * mean position
   */
  check({ epoch, validationApd, validationLoss }: EpochMetrics): void {
    const { config, events } = this.input;
    const { idleEpochs } = this.state;
    const patience = config.training.divergencePatience;
    if (patience === null || idleEpochs < Math.min(TELLING_EPOCHS, patience)) return;
    const found =
      `${idleEpochs} epochs in a row were better neither than an epoch before nor than predicting the mean position of the training ` +
      `landmarks for every frame, which scores ${this.meanApd.toFixed(2)} px (the last has a validation APD of ${validationApd.toFixed(2)} px and a loss of ` +
      `${validationLoss.toPrecision(4)})`;
    if (idleEpochs < patience) {
      if (idleEpochs === TELLING_EPOCHS) events?.note?.(`${found}; after ${patience} training stops`);
      return;
    }
    throw new TrainingError(
      `Training stopped after epoch ${epoch}: ${found}; lower optimizer.learningRate (it is ${config.optimizer.learningRate}), look at ` +
        `the labels, or set training.divergencePatience to null to continue (it is ${patience}).`,
    );
  }

  /** Whether the best epoch is no better than the mean position, after as many epochs as it takes to tell. */
  learntNothing(epochs: number, bestApd = Number.NaN): boolean {
    const { divergencePatience } = this.input.config.training;
    return divergencePatience !== null && epochs >= TELLING_EPOCHS && !(bestApd < this.meanApd);
  }
}
