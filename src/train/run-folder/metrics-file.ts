import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { DECODINGS } from '../../model/index.js';
import { FLIPS } from '../flip.js';
import { bootstrapIntervalsSchema, landmarkMetricsSchema } from '../metrics/index.js';
import { blandAltmanSchema, iccSchema } from '../statistics/index.js';
import { uncertaintyAssessmentSchema } from '../uncertainty/index.js';
import { runEnvironmentSchema } from './environment.js';
import { RunFolderError } from './errors.js';
import { provenanceSchema } from './provenance.js';

/** What is known about a model, or an ensemble, after it has answered frames whose truth is known. */
export const scoresSchema = landmarkMetricsSchema.extend({
  /** Distance that predicting the mean training landmarks scores on the same frames, px of a 512 px frame. */
  apdOfMean: z.number(),
  /** 95 % bootstrap intervals over frames. */
  intervals: bootstrapIntervalsSchema,
  /**
   * Agreement of the predicted angle (first) with the true one, degrees; absent for fewer than three frames with both.
   */
  aopAgreement: z.object({ blandAltman: blandAltmanSchema, icc: iccSchema }).optional(),
  /** Whether the model knows where it errs; absent where its uncertainty is not known. */
  uncertainty: uncertaintyAssessmentSchema.optional(),
});
export type Scores = z.output<typeof scoresSchema>;

const ensembleScoresSchema = z.object({
  /** What each member scores alone on the same frames: px of a 512 px frame, degrees. */
  members: z.array(z.object({ run: z.string(), apd: z.number(), aopMae: z.number().optional() })),
  /**
   * Mean over the frames of how far the members disagree about each landmark, px of a 512 px frame: see `disagreement`.
   */
  disagreement: z.object({ ps1: z.number(), ps2: z.number(), fh1: z.number() }),
});
export type EnsembleScores = z.output<typeof ensembleScoresSchema>;

/** The scores of a run on one split, and what they were found with. */
export const splitMetricsSchema = scoresSchema.extend({
  checkpoint: z.string(),
  epoch: z.int(),
  /** How points were read from the heatmaps. */
  decoding: z.enum(DECODINGS),
  /** Mirrored views that were predicted too and averaged (test-time augmentation); absent where there were none. */
  flips: z.array(z.enum(FLIPS)).optional(),
  /** Scores of the members; present for an ensemble only. */
  ensemble: ensembleScoresSchema.optional(),
  /** To what they belong; absent in files of versions that did not record it. */
  ...provenanceSchema.partial().shape,
  environment: runEnvironmentSchema,
});
export type SplitMetrics = z.output<typeof splitMetricsSchema>;

/**
 * What `metrics.json` holds: the scores of those splits that a run was evaluated on, its heatmaps read as it was
 * trained. What another reading scored stands beside them, as in `test-argmax-biased` or `test-tta`.
 */
export const metricsFileSchema = z.object({
  train: splitMetricsSchema.optional(),
  validation: splitMetricsSchema.optional(),
  test: splitMetricsSchema.optional(),
});
export type MetricsFile = z.output<typeof metricsFileSchema>;

export const METRICS_FILE = 'metrics.json';

/**
 * The scores in a run's folder; undefined where it was never evaluated.
 *
 * @throws RunFolderError where the file is damaged, or of a version that knew other scores
 */
export async function readMetricsFile(run: string): Promise<MetricsFile | undefined> {
  const path = join(run, METRICS_FILE);
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw cause;
  }
  try {
    return metricsFileSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw new RunFolderError(`${path} cannot be read (${reason(cause)}); move it away and evaluate the run again.`, {
      cause,
    });
  }
}

function reason(error: unknown): string {
  if (!(error instanceof z.ZodError)) return error instanceof Error ? error.message : String(error);
  const [{ path, message }] = error.issues;
  return `${path.join('.')}: ${message}`;
}
