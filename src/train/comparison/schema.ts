/**
 * What `comparison.json` holds: the test scores of several configurations, each trained with several seeds on one data
 * set. Distances are in pixels of a 512 px frame, angles in degrees. A value that does not exist is absent.
 */
import { z } from 'zod';
import { DECODINGS } from '../../model/index.js';
import { runEnvironmentSchema } from '../run-folder/index.js';

const perLandmark = z.object({ ps1: z.number(), ps2: z.number(), fh1: z.number() });

/** Mean and standard deviation over seeds. */
const overSeedsSchema = z.object({
  mean: z.number(),
  /** Standard deviation with divisor n − 1; absent for a single seed. */
  sd: z.number().optional(),
});
export type OverSeeds = z.output<typeof overSeedsSchema>;

export const comparedRunSchema = z.object({
  seed: z.int(),
  /** The run's folder, relative to that of the comparison. */
  folder: z.string(),
  /** Epoch whose weights were scored. */
  epoch: z.int(),
  apd: z.number(),
  perLandmark,
  /** Mean absolute error of the angle of progression; absent where no frame has an angle. */
  aopMae: z.number().optional(),
  undefinedAngles: z.int(),
});
export type ComparedRun = z.output<typeof comparedRunSchema>;

export const comparedModelSchema = z.object({
  /** Name of the configuration file, without its extension. */
  name: z.string(),
  architecture: z.enum(['u-net', 'deep-unet', 'dsnt-deep-unet']),
  decoding: z.enum(DECODINGS),
  parameters: z.int(),
  epochs: z.int(),
  /**
   * Mean distance that remains if the right cell is always the highest, because points are read from whole cells; 0 for
   * DSNT.
   */
  quantisation: z.number(),
  apd: overSeedsSchema,
  perLandmark: z.object({ ps1: overSeedsSchema, ps2: overSeedsSchema, fh1: overSeedsSchema }),
  aopMae: overSeedsSchema.optional(),
  runs: z.array(comparedRunSchema),
});
export type ComparedModel = z.output<typeof comparedModelSchema>;

/** Whether a score puts the models in the order of the paper's Table 1. */
export const orderSchema = z.object({
  score: z.enum(['apd', 'aopMae']),
  reproduced: z.boolean(),
  /** Names, the greatest error first. */
  found: z.array(z.string()),
  /** A clause without a full stop. */
  statement: z.string(),
});
export type Order = z.output<typeof orderSchema>;

export const comparisonSchema = z.object({
  data: z.object({ folder: z.string(), train: z.int(), validation: z.int(), test: z.int() }),
  seeds: z.array(z.int()),
  models: z.array(comparedModelSchema),
  /** None where the configurations have one architecture. */
  orders: z.array(orderSchema),
  /** What the orders say, in one sentence. */
  conclusion: z.string(),
  /** Where an order is not the paper's: in what the comparison differs from the paper's, a sentence each. */
  differences: z.array(z.string()).default([]),
  environment: runEnvironmentSchema,
});
export type Comparison = z.output<typeof comparisonSchema>;
