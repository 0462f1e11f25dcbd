/**
 * What `metrics.json` holds: for each split that a run was evaluated on, its scores. Distances are in pixels of a 512
 * px frame (and in millimetres under `mm`), angles in degrees, shares from 0 to 1. A value that does not exist, such as
 * the error of an angle where no frame has one, is absent.
 */
import { z } from 'zod';

const count = z.int().nonnegative();
const share = z.number().min(0).max(1);

/** Inclusive. */
export const intervalSchema = z.object({ low: z.number(), high: z.number() });
export type Interval = z.output<typeof intervalSchema>;

/** How values that are not negative are spread. Quantiles interpolate linearly (R's type 7). */
export const spreadSchema = z.object({
  /** Standard deviation with divisor n − 1; absent for a single value. */
  sd: z.number().optional(),
  q1: z.number(),
  median: z.number(),
  q3: z.number(),
  p95: z.number(),
  max: z.number(),
});
export type Spread = z.output<typeof spreadSchema>;

const successRatesSchema = z.object({ within5: share, within10: share, within20: share });
/** Shares of landmarks no farther from the truth than 5, 10 and 20 px. */
export type SuccessRates = z.output<typeof successRatesSchema>;

const distanceScoreSchema = z.object({
  /** Mean squared error per coordinate, px². */
  mse: z.number(),
  /** Mean absolute error per coordinate, px. */
  mae: z.number(),
  /** Mean Euclidean distance, px; also called MRE. */
  apd: z.number(),
  /** Spread of the Euclidean distances, px. */
  distances: spreadSchema,
});
/** Errors of position: the same whether in pixels or in millimetres. */
export type DistanceScore = z.output<typeof distanceScoreSchema>;

const landmarkScoreSchema = distanceScoreSchema.extend({ sdr: successRatesSchema });
export type LandmarkScore = z.output<typeof landmarkScoreSchema>;

function perLandmark<Score extends z.ZodType>(score: Score) {
  return z.object({ ps1: score, ps2: score, fh1: score });
}

export const landmarkMetricsSchema = landmarkScoreSchema.extend({
  /** Number of frames. */
  count,
  perLandmark: perLandmark(landmarkScoreSchema),
  /** Mean absolute error of the angle of progression over frames where both angles exist, degrees. */
  aopMae: z.number().optional(),
  /** Spread of those absolute errors, degrees. */
  aopErrors: spreadSchema.optional(),
  /** Share of all frames whose angle is at most 5° off. A frame without an angle counts as a miss. */
  aopWithin5: share,
  /** As `aopWithin5`, at most 10° off. */
  aopWithin10: share,
  /** Frames where the predicted or the true angle does not exist, because two landmarks coincide. */
  undefinedAngles: count,
  /** The same errors in millimetres, over the frames whose files give the size of their pixels; absent if none does. */
  mm: distanceScoreSchema.extend({ count, perLandmark: perLandmark(distanceScoreSchema) }).optional(),
});
/** Scores of landmarks against the truth. */
export type LandmarkMetrics = z.output<typeof landmarkMetricsSchema>;

const landmarkIntervalsSchema = z.object({
  mse: intervalSchema,
  mae: intervalSchema,
  apd: intervalSchema,
  /** Interval of the median distance, px. */
  median: intervalSchema,
  sdr: z.object({ within5: intervalSchema, within10: intervalSchema, within20: intervalSchema }),
});

export const bootstrapIntervalsSchema = landmarkIntervalsSchema.extend({
  perLandmark: perLandmark(landmarkIntervalsSchema),
  aopMae: intervalSchema.optional(),
  aopMedian: intervalSchema.optional(),
  aopWithin5: intervalSchema,
  aopWithin10: intervalSchema,
});
/** Bootstrap intervals of the scores of the same names. */
export type BootstrapIntervals = z.output<typeof bootstrapIntervalsSchema>;
