import { z } from 'zod';

const count = z.int().min(0);
const best = z.number().nullable();

/**
 * Where a training run stands, apart from its tensors. Random draws need no place here: they depend on the seed and on
 * the number of the pass alone.
 */
export const positionSchema = z.strictObject({
  /** Number of completed epochs, validation included. */
  epoch: count,
  /** Number of completed steps of the current epoch; 0 between epochs. */
  batch: count,
  /** Number of weight updates in all. */
  steps: count,
  /** Sums over the completed steps of the current epoch. */
  sums: z.strictObject({ loss: z.number(), excess: z.number(), norm: z.number(), distance: z.number() }),
  /** Seconds that these steps took. */
  seconds: z.number(),
  /** Loss scale of the last step. */
  lossScale: z.number(),
  /**
   * What the adapter had room for: where batches are loaded, into how many parts a step is divided, frames per
   * validation batch.
   */
  preparation: z.enum(['device', 'CPU']),
  parts: count,
  validationBatch: count,
  /** State of the learning rate schedule; null where the learning rate is constant. */
  schedule: z
    .union([z.strictObject({ learningRate: z.number(), best, badEpochs: count }), z.strictObject({ epochs: count })])
    .nullable(),
  earlyStop: z.strictObject({ best, badEpochs: count }),
  best: z.strictObject({ epoch: count, apd: z.number() }).nullable(),
  /**
   * The least validation APD, px of a 512 px frame, and how many epochs in a row, the last of them included, were
   * better neither than one before nor than the mean position. States of older versions do not say.
   */
  progress: z.strictObject({ leastApd: best, idleEpochs: count }).default({ leastApd: null, idleEpochs: 0 }),
  /** The last completed epoch, as in `metrics.jsonl`. */
  line: z.record(z.string(), z.unknown()).nullable(),
});

export type TrainingPosition = z.output<typeof positionSchema>;
