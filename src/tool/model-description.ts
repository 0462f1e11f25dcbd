import type { Calibration } from '../model/uncertainty/index.js';
import type { TrainingConfig } from '../train/config/schema.js';

export type Precision = 'f32' | 'f16';

/** What a page must know to run the model itself, and a person to know which one it is. */
export interface ModelDescription {
  /** Name of the run's folder. */
  readonly name: string;
  readonly architecture: string;
  /** Side of the frames given to the network, pixels. */
  readonly inputSize: number;
  /** Values in the weights, statistics included. */
  readonly parameters: number;
  /** As the training left it in the weights. */
  readonly metadata: Readonly<Record<string, string>>;
  readonly config: TrainingConfig;
  /** Of its predicted errors; null where it was never fitted. */
  readonly calibration: Calibration | null;
  readonly weights: Readonly<Record<Precision, { readonly bytes: number; readonly sha256: string }>>;
  /** What a page takes unless told otherwise. */
  readonly precision: Precision;
  /** The limit of a file's frames, in the page as on the server. */
  readonly mostFrames: number;
  readonly notice: string;
}
