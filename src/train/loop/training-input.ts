/** What training takes, tells on the way, and comes to. */
import { type Device, SondeError } from '../../index.js';
import type { TrainingConfig } from '../config/index.js';
import type { NetworkFrame } from '../dataset/frames.js';
import type { RunFolder } from '../run-folder/index.js';
import type { InitialWeights } from './initial-weights.js';

/** Training that cannot continue. */
export class TrainingError extends SondeError {
  override name = 'TrainingError';
}

/** Metrics of an epoch: its line in `metrics.jsonl`. */
export interface EpochMetrics {
  /** From 1. */
  readonly epoch: number;
  readonly learningRate: number;
  readonly trainingLoss: number;
  /** The part of a loss above the least value that it can take for its targets: what is left to learn. */
  readonly trainingExcess: number;
  /** Mean Euclidean distance over the steps, on augmented frames and while the weights change, px of a 512 px frame. */
  readonly trainingApd: number;
  readonly validationLoss: number;
  readonly validationExcess: number;
  /** Mean Euclidean distance on the validation set, px of a 512 px frame. */
  readonly validationApd: number;
  /** Degrees; null where no frame has an angle. */
  readonly validationAopMae: number | null;
  /** Mean norm of all gradients, before clipping. */
  readonly gradientNorm: number;
  /** By which the loss was multiplied in the epoch's last backward pass; 1 unless in mixed precision. */
  readonly lossScale: number;
  readonly imagesPerSecond: number;
  /** Whether no epoch before was better. */
  readonly best: boolean;
  /** When the epoch ended, ISO 8601. */
  readonly time: string;
}

/** What happens during training, for a progress display. */
export interface TrainingEvents {
  /** Pipelines of the first program, as they are compiled. */
  compiling?(done: number, total: number): void;
  /** Something that a person should know and that does not stop the training. */
  note?(text: string): void;
  /** @param steps Of this epoch: how many an earlier process has done, and how many there are. */
  beginEpoch?(epoch: number, steps: { readonly done: number; readonly total: number }): void;
  step?(step: { images: number; loss: number; excess: number }): void;
  /**
   * @param meanApd What predicting the mean position of the training landmarks scores on the validation frames, px of a
   * 512 px frame.
   */
  endEpoch?(metrics: EpochMetrics, meanApd: number): void;
}

export interface TrainingInput {
  readonly device: Device;
  readonly config: TrainingConfig;
  readonly training: readonly NetworkFrame[];
  /**
   * How often an epoch takes each training frame: 3 for three times, 0.5 for every other epoch on average. Default:
   * once.
   */
  readonly weights?: readonly number[];
  /** What the weights are at first, in a run that is not resumed; else drawn from the seed. */
  readonly initial?: InitialWeights;
  readonly validation: readonly NetworkFrame[];
  /** Where the run is kept. Without one nothing is written. A folder that holds a run's state goes on from there. */
  readonly folder?: RunFolder;
  /** Passes over the training frames that make an epoch; 1 unless there are very few. */
  readonly passes?: number;
  readonly events?: TrainingEvents;
  /**
   * Asked after each epoch, once its files are written, and of the last one again where a run is resumed: true ends the
   * run there, as a search does that prunes.
   */
  readonly stopAfter?: (metrics: EpochMetrics) => boolean | Promise<boolean>;
  /**
   * Whether to find the operation behind a loss that is NaN or infinite, which takes a second device for a moment.
   * Default: yes.
   */
  readonly diagnose?: boolean;
  /** Stops training after the step that is under way. The state then is kept in the folder. */
  readonly signal?: AbortSignal;
}

export interface TrainingOutcome {
  readonly epochs: number;
  readonly bestEpoch: number;
  /** Validation APD of the best epoch, px of a 512 frame. */
  readonly bestApd: number;
  /** Whether epochs were left when none had been better for `earlyStopPatience` epochs. */
  readonly stoppedEarly: boolean;
  /**
   * What predicting the mean position of the training landmarks scores on the validation frames, px of a 512 px frame.
   */
  readonly meanApd: number;
  /** Whether the best epoch is no better than that, after enough epochs to tell. */
  readonly learntNothing: boolean;
}
