/** What the statistics say, as they stand in `metrics.json` and in the results of comparisons. */
import { z } from 'zod';
import { intervalSchema } from '../metrics/schema.js';

export const blandAltmanSchema = z.object({
  /** Pairs. */
  count: z.int(),
  /** Mean difference, first measurement minus second, with its 95 % interval. */
  bias: z.number(),
  biasInterval: intervalSchema,
  /** Standard deviation of the differences. */
  sd: z.number(),
  /** 95 % limits of agreement, bias ± 1.96 sd, each with its 95 % interval. */
  lower: z.number(),
  lowerInterval: intervalSchema,
  upper: z.number(),
  upperInterval: intervalSchema,
  /**
   * The line of differences on means: whether the bias depends on what is measured. Absent where all means are equal.
   */
  proportional: z
    .object({
      slope: z.number(),
      slopeInterval: intervalSchema,
      intercept: z.number(),
      /** Two-sided p of a slope of zero. */
      p: z.number(),
    })
    .optional(),
});
/** Agreement of two measurements of the same things. */
export type BlandAltman = z.output<typeof blandAltmanSchema>;

export const iccSchema = z.object({
  /** Subjects and raters. */
  subjects: z.int(),
  raters: z.int(),
  icc: z.number(),
  interval: intervalSchema,
});
/** Intraclass correlation ICC(2,1): two-way random effects, absolute agreement, single rater. */
export type IntraclassCorrelation = z.output<typeof iccSchema>;

export const signedRankTestSchema = z.object({
  /** Differences, and how many of them were zero and left out. */
  count: z.int(),
  zeros: z.int(),
  /** Sums of the ranks of positive and of negative differences. */
  positive: z.number(),
  negative: z.number(),
  /** Two-sided. */
  p: z.number(),
  method: z.enum(['exact', 'normal']),
});
/** Wilcoxon's signed-rank test. */
export type SignedRankTest = z.output<typeof signedRankTestSchema>;
