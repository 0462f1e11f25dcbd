import type { Calibration } from '../model/uncertainty/index.js';
import type { TrainingConfig } from '../train/config/schema.js';

export type Precision = 'f32' | 'f16';

/** Description of a model: what a page needs to run it, and what identifies it to people. */
export interface ModelDescription {
  /** Name of the run's folder. */
  readonly name: string;
  readonly architecture: string;
  /** Width and height of the input of the network, pixels. */
  readonly inputSize: number;
  /** Number of values in the weights, statistics included. */
  readonly parameters: number;
  /** Training configuration, from the metadata of the weights. */
  readonly metadata: Readonly<Record<string, string>>;
  readonly config: TrainingConfig;
  /** Calibration of predicted errors; null if it was never fitted. */
  readonly calibration: Calibration | null;
  readonly weights: Readonly<Record<Precision, { readonly bytes: number; readonly sha256: string }>>;
  /** Default precision of the weights in a page. */
  readonly precision: Precision;
  /** Maximum number of frames in a file, in the page and on the server. */
  readonly mostFrames: number;
  readonly notice: string;
}
