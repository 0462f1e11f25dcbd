import type { TrainingConfig } from '../src/train/index.js';

export type Precision = 'f32' | 'mixed';

/** What kernels are collected from. */
export type Workload =
  | { readonly kind: 'config'; readonly name: string; readonly config: TrainingConfig }
  | {
      readonly kind: 'operation';
      readonly name: string;
      /** Of its tensors, in the order in which the engine's function takes them. */
      readonly shapes: readonly (readonly number[])[];
      readonly precision: Precision;
      /** Options of the engine's function, as in `{ stride: 2 }`. */
      readonly options?: Readonly<Record<string, unknown>>;
    };

export function withPrecision(config: TrainingConfig, precision: Precision): TrainingConfig {
  return { ...config, training: { ...config.training, precision } };
}
