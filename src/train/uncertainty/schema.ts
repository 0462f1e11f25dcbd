/** Calibrations as runs keep them, and what evaluations say about them. */
import { z } from 'zod';
import { FLIPS } from '../flip.js';

const share = z.number().min(0).max(1);

/** The file of a run's folder that holds its calibration. */
export const CALIBRATION_FILE = 'calibration.json';

const landmarkCalibration = z.object({
  scale: z.number().positive(),
  blur: z.number().nonnegative(),
  floor: z.number().nonnegative(),
});

export const calibrationSchema = z.object({
  landmarks: z.object({ ps1: landmarkCalibration, ps2: landmarkCalibration, fh1: landmarkCalibration }),
  angleScale: z.number().positive(),
  threshold: z.number().nullable(),
  /**
   * The frames that the model knows, by its features; absent where the frames it was fitted on were too few, or by an
   * older version.
   */
  features: z
    .object({
      mean: z.array(z.number()).readonly(),
      variance: z.array(z.number().positive()).readonly(),
      threshold: z.number().nonnegative(),
    })
    .optional(),
  /** The frames it was fitted on: how many, and of which split. */
  frames: z.int().positive(),
  split: z.string(),
  /** What it belongs to: the weights, and how points are read from the heatmaps. */
  checkpoint: z.string(),
  epoch: z.int(),
  decoding: z.string(),
  /** Views that were predicted beside the frame itself; absent where there were none. */
  flips: z.array(z.enum(FLIPS)).optional(),
});
export type StoredCalibration = z.output<typeof calibrationSchema>;

/** One for each way in which a run's weights were read. */
export const calibrationFileSchema = z.array(calibrationSchema);

const reliabilitySchema = z.object({
  /** Points or angles. */
  count: z.int(),
  /**
   * Share of the errors within the region that should hold the share `level`: an ellipse, for the angle an interval.
   */
  coverage: z.array(z.object({ level: share, observed: share })),
  /** The same for regions of 1, 2 and 3 standard deviations. */
  withinSigma: z.array(z.object({ sigma: z.int(), expected: share, observed: share })),
  /** Groups of equal size by predicted error: root mean squares of predicted and actual errors (px or degrees). */
  bins: z.array(z.object({ count: z.int(), predicted: z.number(), actual: z.number() })),
  /** Expected normalized calibration error: mean over the bins of |predicted − actual| / predicted. */
  ence: z.number(),
  /** Spearman's correlation of predicted and actual errors; absent where either are all alike. */
  rankCorrelation: z.number().optional(),
});
/** How far predicted errors agree with actual ones. */
export type Reliability = z.output<typeof reliabilitySchema>;

const reliabilitiesSchema = z.object({
  all: reliabilitySchema,
  perLandmark: z.object({ ps1: reliabilitySchema, ps2: reliabilitySchema, fh1: reliabilitySchema }),
  /** Absent where no frame has an angle. */
  aop: reliabilitySchema.optional(),
});
export type Reliabilities = z.output<typeof reliabilitiesSchema>;

const groupSchema = z.object({
  count: z.int(),
  /** px of a 512 px frame. */
  apd: z.number().optional(),
  /** Degrees. */
  aopMae: z.number().optional(),
});

export const uncertaintyAssessmentSchema = z.object({
  /** Reliability of the uncertainties read from the heatmaps, without calibration. */
  raw: reliabilitiesSchema,
  /** After the run's calibration; absent where the run has none. */
  calibrated: reliabilitiesSchema.optional(),
  /**
   * Errors of the frames flagged for low confidence and of the others; absent where the calibration has no threshold.
   */
  flag: z.object({ threshold: z.number(), flagged: groupSchema, others: groupSchema }).optional(),
});
/** Whether the predicted errors of a model are right. */
export type UncertaintyAssessment = z.output<typeof uncertaintyAssessmentSchema>;
