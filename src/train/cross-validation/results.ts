import { z } from 'zod';
import { runEnvironmentSchema, scoresSchema } from '../run-folder/index.js';

/** The scores that are averaged over folds, in the order of the table. */
export const FOLD_SCORES = [
  'apd',
  'ps1',
  'ps2',
  'fh1',
  'mse',
  'mae',
  'within5',
  'within10',
  'within20',
  'aopMae',
  'aopWithin5',
  'aopWithin10',
] as const;
export type FoldScore = (typeof FOLD_SCORES)[number];

const distance = z.number();
const share = z.number();

const foldScoresSchema = z.object({
  /** Mean distance over landmarks and frames, and for each landmark: px of a 512 px frame. */
  apd: distance,
  ps1: distance,
  ps2: distance,
  fh1: distance,
  /** Per coordinate: px², px. */
  mse: z.number(),
  mae: z.number(),
  /** Shares of landmarks within 5, 10 and 20 px. */
  within5: share,
  within10: share,
  within20: share,
  /** Mean absolute error of the angle of progression, degrees; null where no frame has both angles. */
  aopMae: z.number().nullable(),
  /** Shares of frames whose angle is at most 5° and 10° off. */
  aopWithin5: share,
  aopWithin10: share,
});
export type FoldScores = z.output<typeof foldScoresSchema>;

/** What `cross-validation.json` holds. Every frame is scored by the one model that was not trained on it. */
export const crossValidationSchema = z.object({
  version: z.literal(1),
  /** How the frames were divided; the whole of it is in `splits.json`. */
  splits: z.object({
    seed: z.int(),
    folds: z.int(),
    frames: z.int(),
    /** Fingerprint of the data set. */
    fingerprint: z.string(),
    strata: z.string(),
    groups: z.int(),
  }),
  /** What is to be kept in mind of strata that some folds lack. */
  warnings: z.array(z.string()),
  folds: z.array(
    z.object({
      fold: z.int().min(1),
      /** The run's folder, relative to this file's. */
      run: z.string(),
      trainingFrames: z.int(),
      /** Held out. */
      frames: z.int(),
      epochs: z.int(),
      bestEpoch: z.int(),
      scores: foldScoresSchema,
    }),
  ),
  /** Mean over the folds, each weighted equally. */
  mean: foldScoresSchema,
  /** Standard deviation with divisor n − 1. */
  sd: foldScoresSchema,
  /** The fold with the lowest APD. */
  bestFold: z.int().min(1),
  /** All held-out frames together, each counted once. */
  pooled: scoresSchema,
  /** The same frames by their stratum. */
  strata: z.record(z.string(), z.object({ frames: z.int(), apd: distance, aopMae: z.number().nullable() })),
  environment: runEnvironmentSchema.omit({ adapter: true, software: true }),
});
/** The result of a cross-validation. */
export type CrossValidation = z.output<typeof crossValidationSchema>;
